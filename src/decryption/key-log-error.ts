import { escapeText } from '../bytes/escape.js';

/** A key log that cannot be read. The message is one line: which file, what is wrong, what to do. */
export class KeyLogError extends Error {
  /** The name of the class. */
  override readonly name = 'KeyLogError';
  /** Stable, for programs. */
  readonly code = 'ERR_KEY_LOG';
  /** Path of the key log, as it was given. */
  readonly path: string;

  /** @internal */
  constructor(path: string, problem: string) {
    super(`${escapeText(path)}: ${problem}`);
    this.path = path;
  }
}
