import { escapeText } from '../../bytes/escape.js';

/** An evidence file that could not be written. The message is one line: which file, what is wrong. */
export class EvidenceError extends Error {
  /** The name of the class. */
  override readonly name = 'EvidenceError';
  /** Stable, for programs. */
  readonly code = 'ERR_EVIDENCE';

  /** @internal */
  constructor(file: string, problem: string) {
    super(`${escapeText(file)}: ${problem}`);
  }
}
