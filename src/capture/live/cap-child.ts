/**
 * The program that captures. A process of its own, because an interface that goes down aborts the process that npm cap is in, and
 * because cap runs no timer, no signal and no stream while frames come without a pause.
 */
import { readFileSync, readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { CAP_SNAP_LENGTH, linkTypeOfCap } from './cap-link-types.js';
import { type ChildAnswer, type ChildFailure, type ChildOptions, STREAM_FD } from './child-protocol.js';
import { type Cap, type CapModule, loadCap } from './load-cap.js';
import { PacketWriter } from './packet-writer.js';
import { dropPrivileges } from './privileges.js';

const OUTPUT_FD = 1;
/** How often the counts are written. */
const STATISTICS_MILLISECONDS = 1000;
/** How soon after a frame all that waits is written, and how soon that is tried again when the reader had no room. */
const FLUSH_MILLISECONDS = 10;
const RETRY_MILLISECONDS = 1;
/** How often it is looked whether somebody still reads, while frames let no event through. */
const CHECK_MILLISECONDS = 100;
/** How long, after the end, a reader may take nothing before it is given up. */
const PATIENCE_MILLISECONDS = 10_000;

interface Opened {
  cap: Cap;
  /** Cap keeps only its address: as long as the capture runs, it must be referenced. */
  buffer: Buffer;
  linkType: number;
}

/** Instances of cap that could not be opened must be neither closed nor collected: cap would abort. This process ends before that. */
const unopened: object[] = [];

const ignored = () => {};
// At SIGUSR1 Node would open its inspector to everybody on this machine.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, ignored);
const options = JSON.parse(readFileSync(0, 'utf8')) as ChildOptions;
const opened = open(await loaded(), options);
if (options.user !== null) become(options.user);
capture(opened);

async function loaded(): Promise<CapModule> {
  try {
    return await loadCap();
  } catch (error) {
    return fail('load', error);
  }
}

function open({ Cap }: CapModule, { device, filter, bufferBytes }: ChildOptions): Opened {
  const cap = new Cap();
  const buffer = Buffer.alloc(CAP_SNAP_LENGTH);
  try {
    const name = cap.open(device, filter, bufferBytes, buffer);
    const linkType = linkTypeOfCap(name);
    return linkType === null ? fail('open', new Error(name)) : { cap, buffer, linkType };
  } catch (error) {
    unopened.push(cap, buffer);
    return fail(filter !== '' && opens({ Cap }, device, bufferBytes) ? 'filter' : 'open', error);
  }
}

/** Whether it is the filter that is at fault: without one the interface opens. */
function opens({ Cap }: CapModule, device: string, bufferBytes: number): boolean {
  const cap = new Cap();
  const buffer = Buffer.alloc(CAP_SNAP_LENGTH);
  unopened.push(cap, buffer);
  try {
    cap.open(device, '', bufferBytes, buffer);
    return true;
  } catch {
    return false;
  }
}

function become(user: string): void {
  try {
    dropPrivileges(user);
  } catch (error) {
    fail('user', error);
  }
}

function capture({ cap, buffer, linkType }: Opened): void {
  // A socket makes the descriptor one that does not wait, and tells of its end; what is written, is written past it.
  const socket = new Socket({ fd: STREAM_FD, allowHalfOpen: true });
  const { device, filter } = options;
  const writer = new PacketWriter({ linkType, snapLength: CAP_SNAP_LENGTH, device, filter, write });
  let timer: NodeJS.Timeout | null = null;
  let checkedAt = performance.now();
  let stoppedAt = 0;

  const flush = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const before = writer.waiting;
    const isDone = writer.flush();
    if (stoppedAt === 0) {
      if (!isDone) schedule(RETRY_MILLISECONDS);
      return;
    }
    if (writer.waiting < before) stoppedAt = performance.now();
    if (isDone || performance.now() - stoppedAt > PATIENCE_MILLISECONDS) process.exit(0);
    schedule(RETRY_MILLISECONDS);
  };
  const schedule = (milliseconds: number) => {
    timer ??= setTimeout(flush, milliseconds);
  };
  const stop = () => {
    if (stoppedAt > 0) return;
    stoppedAt = performance.now();
    cap.close();
    writer.tell();
    schedule(0);
  };
  cap.on('packet', (length, isCut) => {
    if (stoppedAt > 0) return;
    const now = writer.frame(buffer, length, isCut);
    schedule(FLUSH_MILLISECONDS);
    if (now - checkedAt < CHECK_MILLISECONDS) return;
    checkedAt = now;
    if (isOver()) stop();
  });
  socket.on('end', stop);
  socket.on('error', stop);
  socket.resume();
  setInterval(() => {
    if (stoppedAt === 0) writer.tell();
    flush();
  }, STATISTICS_MILLISECONDS);
  answer({ opened: { linkType } });
  flush();
}

/** Writes without waiting. */
function write(bytes: Uint8Array): number {
  try {
    return writeSync(STREAM_FD, bytes);
  } catch (error) {
    if (codeOf(error) === 'EAGAIN') return 0;
    // Nobody reads any more.
    process.exit(0);
  }
}

/** Whether the other side has closed; asked where no event can tell. */
function isOver(): boolean {
  try {
    return readSync(STREAM_FD, new Uint8Array(1)) === 0;
  } catch (error) {
    return codeOf(error) !== 'EAGAIN';
  }
}

function fail(step: ChildFailure['step'], error: unknown): never {
  answer({ failed: { step, code: codeOf(error), text: error instanceof Error ? error.message : String(error) } });
  process.exit(1);
}

function answer(line: ChildAnswer): void {
  writeSync(OUTPUT_FD, `${JSON.stringify(line)}\n`);
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null;
}
