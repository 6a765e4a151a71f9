import { escapeText } from './bytes/escape.js';

const MAX_CHARACTERS = 1000;

/** An argument that a function of this library cannot work with. The message is one line: which argument, what was expected, what is there. */
export class ArgumentError extends TypeError {
  /** The name of the class. */
  override readonly name = 'ArgumentError';
  /** Stable, for programs. */
  readonly code = 'ERR_ARGUMENT';

  /** @internal */
  constructor(message: string) {
    super(escapeText(message, MAX_CHARACTERS));
  }
}

/** @throws {@link ArgumentError} for an option that there is not: a wrong name would go unnoticed. */
export function checkNames(options: object, names: Readonly<Record<string, true>>): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(names, name)) throw new ArgumentError(`${name}: there is no such option`);
  }
}

/** @throws {@link ArgumentError} */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') throw new ArgumentError('signal: expected an AbortSignal');
}

/** @throws {@link ArgumentError} */
export function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw new ArgumentError(`${name}: expected a function`);
}
