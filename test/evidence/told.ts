// What an evidence file must hold and tell, against the capture that it was made of.
import type { Finding } from '../../src/model.js';
import { collect, type SeenFrame } from '../capture/collect.js';

/** Reads a capture, and an evidence file of it: the number in the capture of each frame of the evidence. */
export async function originalNumbers(inputs: readonly string[], evidence: string): Promise<number[]> {
  const [whole, part] = [await collect(inputs), await collect([evidence])];
  if (part.warnings.length > 0) throw new Error(`the evidence is no clean capture: ${JSON.stringify(part.warnings)}`);
  const numbers: number[] = [];
  let at = 0;
  for (const frame of part.frames) {
    while (at < whole.frames.length && textOf(whole.frames[at]) !== textOf(frame)) at++;
    if (at === whole.frames.length)
      throw new Error(`frame ${numbers.length + 1} of the evidence is not in the capture, or not in its order`);
    numbers.push(++at);
  }
  return numbers;
}

/** Bytes, time, length and link type. */
function textOf(frame: SeenFrame): string {
  return JSON.stringify(frame);
}

/** Findings with the frame numbers of the capture, and without streams, which are numbered anew. */
export function mapped(findings: readonly Finding[], number: (frame: number) => number): unknown {
  const texts = (text: string) => text.replace(/\bframe (\d+)/g, (_, frame) => `frame ${number(Number(frame))}`);
  const map = (key: string, value: unknown): unknown => {
    if (key === 'stream') return undefined;
    if (key === 'frame' || key === 'clientHello' || key === 'serverHello') return number(value as number);
    if (key === 'explanation') return texts(value as string);
    if (key === 'wiresharkFilter') return (value as string).replace(/\d+/g, (frame) => String(number(Number(frame))));
    return value;
  };
  return JSON.parse(JSON.stringify(findings, map));
}
