/** Exit statuses of the command, as its help lists them. */
export const EXIT = {
  ok: 0,
  /** `--fail-on` was given, and it was found. */
  found: 1,
  usage: 2,
  /** An input was unreadable or damaged; the report of what was readable is still printed. */
  input: 3,
  /** Live capture is not available. */
  unavailable: 4,
  /** A defect of this program (EX_SOFTWARE of sysexits.h). */
  internal: 70,
  /** The output could not be written (EX_IOERR of sysexits.h). */
  output: 74,
  /** Stopped by SIGHUP (128 + 1). */
  hungUp: 129,
  /** Stopped by SIGINT (128 + 2). */
  interrupted: 130,
  /** Stopped by SIGTERM (128 + 15). */
  terminated: 143,
} as const;
