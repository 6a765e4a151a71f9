import { EXIT } from './exit-codes.js';

/** Hears signals while something runs. */
export interface Interrupt {
  /** Aborted by the first signal that asks for the end. */
  readonly signal: AbortSignal;
  /** The exit status that this signal asks for; null while there was none. */
  status(): number | null;
  /** Hears no longer. */
  release(): void;
}

/** What else than SIGINT and SIGTERM is heard. */
export interface Heard {
  /** SIGHUP asks for the end as well. */
  hangUp?: boolean;
  /** Is called by SIGUSR1, at which Node would open its inspector. */
  reportNow?: () => void;
}

const STATUS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hungUp } as const;

/** The first signal aborts; the second one ends the process at once. @param atOnce runs before the process ends */
export function listen(atOnce: () => void, { hangUp = false, reportNow }: Heard = {}): Interrupt {
  const controller = new AbortController();
  let status: number | null = null;
  const listeners = new Map<NodeJS.Signals, () => void>();
  for (const name of ['SIGINT', 'SIGTERM', ...(hangUp ? (['SIGHUP'] as const) : [])] as const) {
    listeners.set(name, () => {
      if (status !== null) {
        atOnce();
        process.exit(STATUS[name]);
      }
      status = STATUS[name];
      controller.abort();
    });
  }
  if (reportNow && process.platform !== 'win32') listeners.set('SIGUSR1', reportNow);
  for (const [name, listener] of listeners) process.on(name, listener);
  return {
    signal: controller.signal,
    status: () => status,
    release() {
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}
