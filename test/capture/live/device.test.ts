// Captures from the loopback interface, through npm cap
import { createSocket, type Socket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CapReader } from '../../../src/capture/live/cap-source.js';
import { type DeviceCapture, type DeviceOptions, openDevice } from '../../../src/capture/live/capture-process.js';
import { listInterfaces } from '../../../src/capture/live/interfaces.js';
import { loadCap } from '../../../src/capture/live/load-cap.js';
import { createWindow } from '../../../src/capture/reader.js';
import { Warnings } from '../../../src/warnings.js';
import { run } from '../../support/command.js';
import { type Collected, collect } from '../collect.js';
import { CHILD, childOf, isRequired, isRunning, obstacle, sleep, statusOf } from './real.js';

const reason = await obstacle();
const LOOPBACK = '127.0.0.1';
const ETHERNET_IP_UDP_BYTES = 14 + 20 + 8;
const NOBODY = '65534';
const sockets: Socket[] = [];

/** A port that nobody else sends to, and what is sent there. */
let port = 0;
let sender: Socket;

beforeAll(async () => {
  const receiver = createSocket('udp4');
  sender = createSocket('udp4');
  sockets.push(receiver, sender);
  port = await new Promise((resolve) => receiver.bind(0, LOOPBACK, () => resolve(receiver.address().port)));
});

afterAll(() => {
  for (const socket of sockets) socket.close();
});

it.runIf(isRequired)('captures can be tested', () => expect(reason).toBeNull());

describe.skipIf(reason !== null)(`a capture from lo (skipped where it cannot be: ${reason ?? 'it can'})`, () => {
  it('gives frames soon, with the time at which they came', async () => {
    const capture = await open();
    const reading = read(capture);
    const before = Date.now() / 1000;
    for (let count = 0; count < 20; count++) {
      await send(100 + count);
      await sleep(5);
    }
    const after = Date.now() / 1000;
    await stop(capture);
    const { frames, sources, warnings } = await reading;
    expect(frames.map(({ originalLength }) => originalLength)).toEqual(
      Array.from({ length: 20 }, (_, n) => ETHERNET_IP_UDP_BYTES + 100 + n),
    );
    const times = frames.map(({ seconds, nanoseconds }) => seconds + nanoseconds * 1e-9);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(before - 0.1);
    expect(times[19]).toBeLessThan(after + 0.1);
    expect(times[19] - times[0]).toBeGreaterThan(0.08);
    expect(warnings).toEqual([]);
    expect(sources).toMatchObject([{ format: 'pcapng', linkTypes: ['Ethernet'], snapLength: 65_535, dropped: 0, truncated: false }]);
    expect(await capture.ended).toEqual({ reason: 'stopped' });
  });

  it('has an end without a frame', async () => {
    const capture = await open();
    capture.stop();
    expect((await read(capture)).sources[0]).toMatchObject({ frames: 0, dropped: 0, truncated: false });
  });

  it('captures from all interfaces as one', async () => {
    const capture = await open({ device: 'any' });
    expect(capture.linkType).toBe(113);
    await send(10);
    await stop(capture);
    expect((await read(capture)).sources[0]).toMatchObject({ linkTypes: ['LINUX_SLL'], frames: 1 });
  });

  it('loses no frame unseen when nobody reads, and does not grow', async () => {
    const capture = await open();
    const child = childOf(process.pid);
    const sizes: number[] = [];
    for (let count = 0; count < 900; count++) {
      await send(60_000);
      if (count % 20 === 19) await sleep(2);
      if (count % 300 === 299) {
        await sleep(100);
        sizes.push(Number.parseInt(statusOf(child).get('RssAnon') ?? '', 10));
      }
    }
    capture.stop();
    const { frames, sources } = await read(capture);
    expect(sources[0].dropped).toBeGreaterThan(500);
    expect(frames.length + (sources[0].dropped ?? 0)).toBe(900);
    const kibibytes = 1024;
    expect(sizes[2] - sizes[0]).toBeLessThan(16 * kibibytes);
    expect(sizes[2]).toBeLessThan(128 * kibibytes);
  });

  it('stops while frames come without a pause', async () => {
    const capture = await open();
    const reading = read(capture);
    let isSending = true;
    const load = (async () => {
      while (isSending) {
        await Promise.all(Array.from({ length: 64 }, () => send(8)));
        await sleep(0);
      }
    })();
    await sleep(500);
    const stoppedAt = performance.now();
    capture.stop();
    await capture.ended;
    expect(performance.now() - stoppedAt).toBeLessThan(3000);
    isSending = false;
    await load;
    expect((await reading).frames.length).toBeGreaterThan(1000);
  });

  it('goes on as another user, for good', async () => {
    const capture = await open({ user: 'nobody' });
    const status = statusOf(childOf(process.pid));
    const four = Array.from({ length: 4 }, () => NOBODY).join('\t');
    const group = (await run('id', ['-g', 'nobody'])).stdout.trim();
    expect(status.get('Uid')).toBe(four);
    expect(status.get('Gid')).toBe(Array.from({ length: 4 }, () => group).join('\t'));
    expect(status.get('Groups')).toBe(group);
    for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb']) expect(status.get(set)).toMatch(/^0+$/);
    await send(10);
    await stop(capture);
    expect((await read(capture)).frames).toHaveLength(1);
  });

  it('leaves signals of the terminal to its parent', async () => {
    const capture = await open();
    const child = childOf(process.pid);
    expect(Number((await run('ps', ['-o', 'pgid=', '-p', String(child)])).stdout)).not.toBe(process.pid);
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.kill(child, signal);
    await sleep(50);
    await send(10);
    await stop(capture);
    expect((await read(capture)).frames).toHaveLength(1);
  });

  it('ends when it is not read to its end', async () => {
    const capture = await open();
    const child = childOf(process.pid);
    await send(10);
    for await (const _ of capture.stream) break;
    expect(await capture.ended).toEqual({ reason: 'stopped' });
    expect(isRunning(child)).toBe(false);
  });

  const refused: [what: string, options: Partial<DeviceOptions>, expected: object][] = [
    ['a device that there is not', { device: 'nope0' }, { code: 'ERR_NO_DEVICE', message: 'nope0: there is no such interface' }],
    ['a hostile device', { device: 'x\u001b[2J$(id)' }, { code: 'ERR_NO_DEVICE', message: 'x\\x1b[2J$(id): there is no such interface' }],
    ['a filter that is none', { filter: 'tcp prot 80' }, { code: 'ERR_CAPTURE_FILTER', message: expect.stringContaining('syntax error') }],
    [
      'a user that there is not',
      { user: 'no-such-user' },
      { code: 'ERR_CAPTURE_PERMISSION', message: expect.stringContaining('no such user') },
    ],
    [
      'a user called as an option',
      { user: '--help' },
      { code: 'ERR_CAPTURE_PERMISSION', message: expect.stringContaining('no such user') },
    ],
    [
      'root as the user',
      { user: 'root' },
      { code: 'ERR_CAPTURE_PERMISSION', message: expect.stringContaining('root could be taken back') },
    ],
  ];
  it.each(refused)('refuses %s', async (_, options, expected) => {
    await expect(open(options)).rejects.toMatchObject({ name: 'CaptureError', ...expected });
  });
});

describe.skipIf(reason !== null)('npm cap in this process (skipped where it cannot be)', () => {
  it('lists interfaces', async () => {
    const { interfaces, problem } = await listInterfaces();
    expect(problem).toBeNull();
    expect(interfaces.find(({ name }) => name === 'lo')).toMatchObject({ isLoopback: true, isUp: true });
    expect(interfaces.map(({ name }) => name)).toContain('any');
  });

  it('is an input that somebody else opened', async () => {
    const { Cap } = await loadCap();
    const cap = new Cap();
    const buffer = Buffer.alloc(65_535);
    const linkType = cap.open('lo', `udp dst port ${port}`, 16 * 1024 * 1024, buffer);
    const lengths: number[] = [];
    const reader = new CapReader({ cap, buffer, linkType });
    const sink = { frame: (_bytes: Uint8Array, _at: number, length: number) => void lengths.push(length) };
    reader.begin({ window: createWindow(), sink, warnings: new Warnings(), framesBefore: 0 });
    for (let count = 0; count < 10; count++) await send(count);
    while (lengths.length < 10) await reader.step();
    reader.close();
    expect(lengths).toEqual(Array.from({ length: 10 }, (_, count) => ETHERNET_IP_UDP_BYTES + count));
    expect(reader.describe()).toMatchObject({ format: 'live', linkTypes: ['Ethernet'], frames: 10, dropped: 0 });
  });
});

function open(options: Partial<DeviceOptions> = {}): Promise<DeviceCapture> {
  return openDevice({ device: 'lo', filter: `udp dst port ${port}`, ...options }, CHILD);
}

/** To the end of the process that captures, so that each test has one of its own. */
async function read({ stream, ended }: DeviceCapture): Promise<Collected> {
  const collected = await collect([{ name: 'lo', stream }]);
  await ended;
  return collected;
}

function send(length: number): Promise<void> {
  return new Promise((resolve, reject) => {
    sender.send(Buffer.alloc(length), port, LOOPBACK, (error) => (error ? reject(error) : resolve()));
  });
}

/** Gives the frames that were sent the time to be captured. */
async function stop(capture: DeviceCapture): Promise<void> {
  await sleep(100);
  capture.stop();
}
