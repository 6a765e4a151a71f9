import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { totalmem } from 'node:os';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type CaptureError, type ChildEnd, endedError, filterError, noDevice, openError, unavailable, userError } from './capture-error.js';
import { type ChildAnswer, type ChildFailure, type ChildOptions, STREAM_FD } from './child-protocol.js';
import { interfaceNames } from './interface-state.js';

export interface DeviceOptions {
  /** Name of an interface; `any` for all of them, where the system has that. */
  device: string;
  /** As of tcpdump; empty for everything. */
  filter: string;
  /** Of the kernel. */
  bufferBytes?: number;
  /** Who the process that captures is to be as soon as the interface is open; only root can say that. */
  user?: string;
}

/** An open interface. */
export interface DeviceCapture {
  /** Pcapng, with frames as they come and their counts about every second. Ends after {@link stop}, or when the capture failed. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** Number of the LINKTYPE_ registry. */
  readonly linkType: number;
  /** Captures no longer; what was captured still comes, then the last counts. */
  stop(): void;
  /** How it ended; never rejected. */
  readonly ended: Promise<CaptureEnd>;
}

type CaptureEnd = { reason: 'stopped' } | { reason: 'failed'; error: CaptureError };

/**
 * What the kernel keeps of frames that were not taken yet. Cap captures in a mode where each frame, however short, counts as 64 KiB
 * and takes 128 KiB of memory, on all interfaces with segmentation offload: this holds 1000 frames, on lo half as many. What is lost
 * there cap does not tell.
 */
const BUFFER_BYTES = Math.min(64 * 1024 * 1024, Math.floor(totalmem() / 32));
const MAX_BUFFER_BYTES = 2 ** 31 - 1;

/** How long the child may take to write what it still has. */
const PATIENCE_MILLISECONDS = 5000;

/** What is kept of what the child says as errors. */
const MAX_ERROR_CHARACTERS = 4096;
const MAX_ANSWER_CHARACTERS = 64 * 1024;

const CHILD = new URL('./cap-child.js', import.meta.url);

/**
 * Captures from an interface, in a process of its own.
 *
 * @param program what that process runs
 * @throws {CaptureError} when the interface cannot be opened
 */
export async function openDevice(options: DeviceOptions, program: URL = CHILD): Promise<DeviceCapture> {
  const { device, filter, bufferBytes = BUFFER_BYTES, user = null } = options;
  // To libpcap a text ends at its first NUL.
  if (device === '' || device.includes('\0')) throw noDevice(`"${device}"`, 'no interface is called so', interfaceNames());
  if (filter.includes('\0')) throw filterError(filter, 'a NUL is no part of one');
  const child = start(program);
  const ending = endOf(child);
  const told: ChildOptions = { device, filter, bufferBytes: Math.min(bufferBytes, MAX_BUFFER_BYTES), user };
  child.stdin?.on('error', () => {}).end(JSON.stringify(told));
  const answer = await Promise.race([answerOf(child.stdout as Readable), notStarted(child)]);
  if (answer === null) throw endedError(device, await ending);
  if ('failed' in answer) throw failureOf(answer.failed, options);
  const stream = child.stdio[STREAM_FD] as Socket;
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    stream.end();
    // One that was stopped by a signal, say, does nothing more.
    setTimeout(() => child.kill('SIGKILL'), PATIENCE_MILLISECONDS).unref();
  };
  const ended = ending.then((end): CaptureEnd => {
    const isGivenUp = stream.destroyed && !stream.readableEnded;
    return isStopped || isGivenUp ? { reason: 'stopped' } : { reason: 'failed', error: endedError(device, end) };
  });
  return { stream, linkType: answer.opened.linkType, stop, ended };
}

/** Starts the child such that it leaves no core dump, has nothing of how this process was started, and does not hear the terminal. */
function start(program: URL): ChildProcess {
  const { NODE_OPTIONS, NODE_CHANNEL_FD, NODE_CHANNEL_SERIALIZATION_MODE, ...env } = process.env;
  const node = [process.execPath, fileURLToPath(program)];
  const isUnix = process.platform !== 'win32';
  const [command, ...args] = isUnix ? ['/bin/sh', '-c', 'ulimit -c 0; exec "$@"', 'sh', ...node] : node;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], env, detached: isUnix, windowsHide: true });
  // Its end, too, is told as one of the stream; what was not read when it ended still is.
  child.stdio[STREAM_FD]?.on('error', () => {});
  return child;
}

/** The first line that a child writes; null when it ends without one. */
async function answerOf(output: Readable): Promise<ChildAnswer | null> {
  let text = '';
  for await (const chunk of output.setEncoding('utf8')) {
    text += chunk;
    const end = text.indexOf('\n');
    if (end >= 0) return JSON.parse(text.slice(0, end)) as ChildAnswer;
    if (text.length > MAX_ANSWER_CHARACTERS) return null;
  }
  return null;
}

function notStarted(child: ChildProcess): Promise<null> {
  return new Promise((resolve) => child.once('error', () => resolve(null)));
}

/** How a child ends, or why it could not begin. */
function endOf(child: ChildProcess): Promise<ChildEnd> {
  const errors = child.stderr as Readable;
  let text = '';
  errors.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(0, MAX_ERROR_CHARACTERS);
  });
  const read = new Promise((resolve) => errors.once('close', resolve));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ status: null, signal: null, text: error.message }));
    child.once('exit', (status, signal) => void read.then(() => resolve({ status, signal, text })));
  });
}

function failureOf({ step, code, text }: ChildFailure, { device, filter, user = '' }: DeviceOptions): CaptureError {
  switch (step) {
    case 'load':
      return unavailable({ code, text }, device);
    case 'open':
      return openError(device, text, interfaceNames());
    case 'filter':
      return filterError(filter, text);
    case 'user':
      return userError(user, text);
  }
}
