import { EXIT } from './exit-codes.js';

/** What signals ask of a live capture. */
export interface LiveSignals {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP: report, and end. The second one ends the process at once. */
  readonly stop: AbortSignal;
  /** Hears no longer. */
  release(): void;
}

/**
 * @param reportNow is called by SIGUSR1, where the system has it
 * @param atOnce runs before the process ends at once
 */
export function listenLive(reportNow: () => void, atOnce: () => void): LiveSignals {
  const controller = new AbortController();
  const hear = (status: number) => () => {
    if (controller.signal.aborted) {
      atOnce();
      process.exit(status);
    }
    controller.abort();
  };
  const listeners: [NodeJS.Signals, () => void][] = [
    ['SIGINT', hear(EXIT.interrupted)],
    ['SIGTERM', hear(EXIT.terminated)],
    ['SIGHUP', hear(EXIT.hungUp)],
    // Node itself would open its inspector.
    ...(process.platform === 'win32' ? [] : ([['SIGUSR1', reportNow]] as [NodeJS.Signals, () => void][])),
  ];
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return {
    stop: controller.signal,
    release() {
      for (const [signal, listener] of listeners) process.off(signal, listener);
    },
  };
}
