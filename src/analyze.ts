import { Analyzer, type AnalyzerOptions, type ServerAddress } from './analyzer.js';
import { ArgumentError, checkFunction, checkNames, checkSignal } from './argument-error.js';
import { isBytes } from './bytes/is-bytes.js';
import { mayHoldSecrets } from './capture/inputs.js';
import { type CaptureInput, type ReadProgress, readCapture } from './capture/read.js';
import type { Secrets } from './decryption/secrets.js';
import type { Connection, Report } from './model.js';
import { type Selection, Selector } from './selection/select.js';
import { checkedServer } from './selection/server-address.js';
import type { Decryption, Negotiated, RecordDecryptor } from './tls/decryption.js';

/** What is looked at, and what of it is told. */
export interface Filter extends Selection {
  /** Only connections to this server are looked at; without a port, to all of its ports. All but `tcpConnections` is of these alone. */
  server?: ServerAddress | undefined;
}

/** Options of `analyze`. */
export interface AnalyzeOptions extends Omit<AnalyzerOptions, 'onConnection' | 'decryption' | 'server'> {
  /** What is looked at, and what of it is told; default: everything. */
  filter?: Filter | undefined;
  /**
   * Secrets to decrypt with, in the NSS key log format (RFC 9850): paths, or the bytes of key logs. Those inside a pcapng are used
   * as well. What cannot be decrypted is counted in the warnings.
   */
  keyLog?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** Aborting it ends the analysis: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called from time to time while a capture is read. */
  onProgress?: ((progress: ReadProgress) => void) | undefined;
}

/** Options of `readConnections`. */
export interface ReadConnectionsOptions extends AnalyzeOptions {
  /** Is given the report at the end, which says what was damaged and left out. */
  onReport?: ((report: Report) => void) | undefined;
}

const OPTIONS: Record<keyof ReadConnectionsOptions, true> = {
  filter: true,
  keyLog: true,
  signal: true,
  onProgress: true,
  onReport: true,
  keep: true,
  limits: true,
  handshakeCost: true,
};

/** Is told of each TLS connection when it has ended, whatever is selected. */
export type Watch = (connection: Connection) => void;

/** What the public `analyze` does. */
export async function analyze(input: CaptureInput | readonly CaptureInput[], options: AnalyzeOptions = {}, watch?: Watch): Promise<Report> {
  const analysis = run(input, options, null, watch);
  for (;;) {
    const { done, value } = await analysis.next();
    if (done) return value;
  }
}

/** What the public `readConnections` does. */
export async function* readConnections(
  input: CaptureInput | readonly CaptureInput[],
  options: ReadConnectionsOptions = {},
): AsyncGenerator<Connection, void> {
  const analysis = follow(input, options);
  try {
    for (;;) {
      const { done, value } = await analysis.next();
      if (done) return options.onReport?.(value);
      for (const connection of value) {
        options.signal?.throwIfAborted();
        yield connection;
      }
    }
  } finally {
    // Who takes no more connections closes the input as well.
    await analysis.return(undefined as never);
  }
}

/** Yields the connections that ended, in batches, and returns the report. Reading starts at once. */
export function follow(
  input: CaptureInput | readonly CaptureInput[],
  options: AnalyzeOptions = {},
  watch?: Watch,
): AsyncGenerator<Connection[], Report> {
  return run(input, options, [], watch);
}

/** @param ended where connections are collected to be yielded; null when nobody wants them */
function run(
  input: CaptureInput | readonly CaptureInput[],
  options: AnalyzeOptions,
  ended: Connection[] | null,
  watch?: Watch,
): AsyncGenerator<Connection[], Report> {
  const { signal, onProgress, keyLog = [], keep, limits, handshakeCost } = options;
  const filter = filterOf(options.filter);
  checkNames(options, OPTIONS);
  checkSignal(signal);
  checkFunction('onProgress', onProgress);
  const selector = new Selector(filter);
  checkKeyLog(keyLog);
  const keyLogs = Array.isArray(keyLog) ? (keyLog as readonly (string | Uint8Array)[]) : [keyLog as string | Uint8Array];
  const decryption = new LaterDecryption();
  const onConnection = (connection: Connection) => {
    selector.see(connection);
    watch?.(connection);
    ended?.push(connection);
  };
  const analyzer = new Analyzer({
    keep,
    limits,
    handshakeCost,
    server: checkedServer(filter.server, 'filter.server'),
    decryption,
    ...((ended || selector.isByClient || watch) && { onConnection }),
  });
  const inputs = Array.isArray(input) ? (input as readonly CaptureInput[]) : [input as CaptureInput];
  let secrets: Secrets | null = null;
  const onSecrets = (type: number, bytes: Uint8Array) => secrets?.addBlock(type, bytes);
  const reading = readCapture(inputs, analyzer, analyzer.warnings, { onSecrets, signal });
  return read();

  async function* read(): AsyncGenerator<Connection[], Report> {
    try {
      if (keyLogs.length > 0 || inputs.some(mayHoldSecrets)) {
        secrets = await loadSecrets(keyLogs);
        decryption.use(secrets.decryption);
      }
      let step = await reading.next();
      for (; !step.done; step = await reading.next()) {
        onProgress?.(step.value);
        if (ended && ended.length > 0) yield selector.connections(ended.splice(0));
      }
      for (let isMore = true; ended && isMore; ) {
        signal?.throwIfAborted();
        isMore = analyzer.flush(BATCH);
        if (ended.length > 0) yield selector.connections(ended.splice(0));
      }
      secrets?.report(analyzer.warnings);
      return selector.report(analyzer.finish(step.value));
    } finally {
      await reading.return([]);
    }
  }
}

/** @throws {@link ArgumentError} */
function filterOf(filter: Filter | undefined): Filter {
  if (filter === undefined) return {};
  if (typeof filter !== 'object' || filter === null) throw new ArgumentError(`filter: expected { server, client, session }, not ${filter}`);
  checkNames(filter, { server: true, client: true, session: true });
  return filter;
}

/** @throws {@link ArgumentError} */
function checkKeyLog(keyLog: NonNullable<AnalyzeOptions['keyLog']>): void {
  const logs: readonly unknown[] = Array.isArray(keyLog) ? keyLog : [keyLog];
  if (!logs.every((log) => typeof log === 'string' || isBytes(log)))
    throw new ArgumentError('keyLog: expected paths, or the bytes of key logs');
}

/** The modules that decrypt are loaded where there may be something to decrypt with. */
async function loadSecrets(keyLogs: readonly (string | Uint8Array)[]): Promise<Secrets> {
  const [{ Secrets }, { readKeyLog }] = await Promise.all([import('./decryption/secrets.js'), import('./decryption/key-log-file.js')]);
  const secrets = new Secrets();
  for (const keyLog of keyLogs) secrets.add(typeof keyLog === 'string' ? readKeyLog(keyLog) : keyLog);
  return secrets;
}

/** Nothing is known until somebody comes who knows. */
class LaterDecryption implements Decryption {
  #decryption: Decryption | null = null;

  use(decryption: Decryption): void {
    this.#decryption = decryption;
  }

  knows(bytes: Uint8Array, offset: number): boolean {
    return this.#decryption?.knows(bytes, offset) ?? false;
  }

  open(negotiated: Negotiated): RecordDecryptor | null {
    return this.#decryption?.open(negotiated) ?? null;
  }
}

/** Connections that are ended at a time when the capture is over. */
const BATCH = 1000;
