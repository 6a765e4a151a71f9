/** What `closenotify completion` prints. */
import type { Shell } from '../commands.js';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell]();
}

const SCRIPTS: Record<Shell, () => string> = { bash: bashScript, zsh: zshScript, fish: fishScript };
