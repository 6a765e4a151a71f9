import { escapeText } from '../bytes/escape.js';

/**
 * `ERR_NOT_FOUND`: no such file. `ERR_IS_DIRECTORY`, `ERR_PERMISSION`: it cannot be opened. `ERR_EMPTY`: it has no bytes. `ERR_NOT_A_CAPTURE`: its first bytes
 * are those of something else, or its first header is damaged. `ERR_READ`: reading failed before anything was read.
 */
export type InputErrorCode = 'ERR_NOT_FOUND' | 'ERR_IS_DIRECTORY' | 'ERR_PERMISSION' | 'ERR_EMPTY' | 'ERR_NOT_A_CAPTURE' | 'ERR_READ';

/** An input of which nothing at all can be read. The message is one line: which input, what is wrong, what to do. */
export class InputError extends Error {
  /** The name of the class. */
  override readonly name = 'InputError';
  /** Stable, for programs. */
  readonly code: InputErrorCode;
  /** Path or name of the input, as it was given. */
  readonly input: string;

  /** @internal */
  constructor(code: InputErrorCode, input: string, problem: string) {
    super(`${escapeText(input)}: ${problem}`);
    this.code = code;
    this.input = input;
  }
}

/** The {@link InputError} for what the operating system, or a stream, threw. */
export function inputErrorFrom(error: unknown, input: string): InputError {
  if (error instanceof InputError) return error;
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new InputError('ERR_NOT_FOUND', input, input.includes(REPLACEMENT) ? NOT_UTF8 : 'no such file; check the path');
    case 'EISDIR':
      return new InputError('ERR_IS_DIRECTORY', input, 'is a directory; name the capture files in it');
    case 'EACCES':
    case 'EPERM':
      return new InputError('ERR_PERMISSION', input, 'no permission to read it; run as a user who may, or copy it');
    default:
      return new InputError('ERR_READ', input, `cannot be read: ${errorText(error)}`);
  }
}

/** What Node makes of the bytes of a name that are no UTF-8; such a file cannot be opened by its name. */
const REPLACEMENT = '\ufffd';
const NOT_UTF8 = 'no such file; a name that is not UTF-8 cannot be opened: give the file as standard input, closenotify - < FILE';

/** What an error says, on one line. */
export function errorText(error: unknown): string {
  try {
    return escapeText(error instanceof Error ? error.message : String(error));
  } catch {
    return 'for a reason that is no text';
  }
}

function systemCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
