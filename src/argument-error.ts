/** An argument that a function of this library cannot work with. The message is one line: which argument, what was expected, what is there. */
export class ArgumentError extends TypeError {
  /** The name of the class. */
  override readonly name = 'ArgumentError';
  /** Stable, for programs. */
  readonly code = 'ERR_ARGUMENT';
}
