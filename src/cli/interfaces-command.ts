/** `closenotify interfaces`: what can be captured on, or why nothing can. */
import { listInterfaces } from '../capture/live/interfaces.js';
import { EXIT } from './exit-codes.js';
import { interfacesText } from './interfaces-text.js';
import { streamOutput } from './output.js';
import type { Terminal } from './terminal.js';

/** @returns the exit status */
export async function runInterfaces({ stdout }: Terminal): Promise<number> {
  const list = await listInterfaces();
  await streamOutput(stdout).write([interfacesText(list, stdout.columns ?? 80)]);
  return list.problem === null ? EXIT.ok : EXIT.unavailable;
}
