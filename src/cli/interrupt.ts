import { EXIT } from './exit-codes.js';

/** Hears SIGINT and SIGTERM while something runs. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit status that the first signal asks for; null while there was none. */
  status(): number | null;
  /** Hears no longer. */
  release(): void;
}

const STATUS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

/** The first signal aborts; the second one ends the process at once. @param atOnce runs before the process ends */
export function listen(atOnce: () => void): Interrupt {
  const controller = new AbortController();
  let status: number | null = null;
  const hear = (name: keyof typeof STATUS) => {
    if (status !== null) {
      atOnce();
      process.exit(STATUS[name]);
    }
    status = STATUS[name];
    controller.abort();
  };
  const onInt = () => hear('SIGINT');
  const onTerm = () => hear('SIGTERM');
  process.on('SIGINT', onInt);
  process.on('SIGTERM', onTerm);
  return {
    signal: controller.signal,
    status: () => status,
    release() {
      process.off('SIGINT', onInt);
      process.off('SIGTERM', onTerm);
    },
  };
}
