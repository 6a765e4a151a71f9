// The protocol between a capture and its child process, with children that capture nothing
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CaptureError } from '../../../src/capture/live/capture-error.js';
import { type DeviceCapture, openDevice } from '../../../src/capture/live/capture-process.js';
import { ascii, PACKETS, pcapng } from '../build.js';
import { collect, scratchDirectory, seen } from '../collect.js';

const scratch = scratchDirectory();
const OPTIONS = { device: 'eth7', filter: '$(tcp) "port" \'443\'' };
const OPENED = 'console.log(JSON.stringify({ opened: { linkType: 113 } }));';
let programs = 0;

/** A child with that code; `options` is what it was told, `stream` its descriptor 3. */
function child(code: string): URL {
  const preamble = [
    "import { readFileSync, writeSync } from 'node:fs';",
    "import { Socket } from 'node:net';",
    "const options = JSON.parse(readFileSync(0, 'utf8'));",
    'const stream = new Socket({ fd: 3, allowHalfOpen: true });',
  ];
  return pathToFileURL(scratch.write(`child-${programs++}.mjs`, ascii([...preamble, code].join('\n'))));
}

async function bytesOf(capture: DeviceCapture): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of capture.stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function failure(code: string, options = OPTIONS): Promise<CaptureError> {
  const error = await openDevice(options, child(code)).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CaptureError)) throw new Error(`no CaptureError: ${error}`);
  return error;
}

describe('a capture in a process of its own', () => {
  it('tells what it was asked for, as it is', async () => {
    const capture = await openDevice(
      { ...OPTIONS, bufferBytes: 2 ** 40, user: 'x' },
      child(`${OPENED} stream.end(JSON.stringify(options));`),
    );
    expect(capture.linkType).toBe(113);
    expect(JSON.parse(await bytesOf(capture))).toEqual({ ...OPTIONS, bufferBytes: 2 ** 31 - 1, user: 'x' });
  });

  it('is a stream like any other', async () => {
    const bytes = JSON.stringify([...pcapng(PACKETS)]);
    const { stream } = await openDevice(OPTIONS, child(`${OPENED} stream.end(Uint8Array.from(${bytes}));`));
    expect((await collect([{ name: 'eth7', stream }])).frames).toEqual(seen(PACKETS));
  });

  it('stops when it is told to, and says its last words', async () => {
    const capture = await openDevice(OPTIONS, child(`${OPENED} stream.write('one '); stream.on('end', () => stream.end('two')).resume();`));
    setTimeout(capture.stop, 20);
    expect(await bytesOf(capture)).toBe('one two');
    expect(await capture.ended).toEqual({ reason: 'stopped' });
    capture.stop();
  });

  it('stops when nobody reads any more', async () => {
    const { stream, ended } = await openDevice(
      OPTIONS,
      child(`${OPENED} stream.write('one'); stream.on('end', () => process.exit()).resume();`),
    );
    for await (const _ of stream) break;
    expect(await ended).toEqual({ reason: 'stopped' });
  });

  it('inherits no options of Node', async () => {
    process.env.NODE_OPTIONS = '--title=inherited';
    const code = `${OPENED} stream.end(JSON.stringify([process.title === 'inherited', process.execArgv, process.env.NODE_OPTIONS ?? null]));`;
    const capture = await openDevice(OPTIONS, child(code)).finally(() => delete process.env.NODE_OPTIONS);
    expect(JSON.parse(await bytesOf(capture))).toEqual([false, [], null]);
  });

  it('leaves no core dump', async () => {
    const code = `${OPENED} stream.end(readFileSync('/proc/self/limits', 'utf8'));`;
    if (process.platform !== 'linux') return;
    expect(await bytesOf(await openDevice(OPTIONS, child(code)))).toMatch(/Max core file size\s+0 /);
  });
});

describe('a capture that cannot begin', () => {
  const failures: [step: string, code: string | null, text: string, expected: string][] = [
    ['load', 'MODULE_NOT_FOUND', 'x', 'ERR_CAPTURE_UNAVAILABLE'],
    ['open', null, 'No such device exists', 'ERR_NO_DEVICE'],
    ['open', null, 'socket: Operation not permitted', 'ERR_CAPTURE_PERMISSION'],
    ['filter', null, 'syntax error', 'ERR_CAPTURE_FILTER'],
    ['user', null, 'no such user', 'ERR_CAPTURE_PERMISSION'],
  ];
  it.each(failures)('%s %s %s', async (step, code, text, expected) => {
    const answer = JSON.stringify({ failed: { step, code, text } });
    expect(await failure(`writeSync(1, ${JSON.stringify(`${answer}\n`)}); process.exit(1);`)).toMatchObject({ code: expected });
  });

  it('says how its process ended, and what that wrote', async () => {
    const error = await failure("console.error('Warning: this may not work\\nbecause'); process.exit(3);");
    expect(error).toMatchObject({
      code: 'ERR_CAPTURE_ENDED',
      message: 'eth7: the capture ended: the process that captures ended with status 3: Warning: this may not work; because',
    });
  });

  it('keeps little of what that wrote', async () => {
    const error = await failure("writeSync(2, 'x'.repeat(60_000)); process.exit(3);");
    expect(error.message.length).toBeLessThan(500);
  });

  it('does not wait for an answer without an end', async () => {
    expect(await failure("writeSync(1, 'x'.repeat(60_000)); writeSync(1, 'x'.repeat(60_000)); process.exit(4);")).toMatchObject({
      code: 'ERR_CAPTURE_ENDED',
    });
  });

  it.each(['', 'lo\0x'])('asks nobody for the device %j', async (device) => {
    expect(await failure('', { device, filter: '' })).toMatchObject({
      code: 'ERR_NO_DEVICE',
      hints: [expect.stringContaining('interfaces here:')],
    });
  });

  it('passes no filter that would be cut', async () => {
    expect(await failure('', { device: 'lo', filter: 'tcp\0and nothing else' })).toMatchObject({ code: 'ERR_CAPTURE_FILTER' });
  });
});

describe('a capture that fails', () => {
  const ends: [what: string, code: string, why: RegExp][] = [
    ['an abort', 'process.abort();', /went down or was removed|ended by SIGABRT/],
    ['a death', "process.kill(process.pid, 'SIGKILL');", /ended by SIGKILL$/],
    ['an end that nobody asked for', 'process.exit(0);', /ended with status 0$/],
  ];
  it.each(ends)('%s', async (_, code, why) => {
    const capture = await openDevice(OPTIONS, child(`${OPENED} stream.write('all of it', () => { ${code} });`));
    expect(await bytesOf(capture)).toBe('all of it');
    const end = await capture.ended;
    expect(end).toMatchObject({ reason: 'failed', error: { code: 'ERR_CAPTURE_ENDED' } });
    expect(end.reason === 'failed' && end.error.message).toMatch(why);
    capture.stop();
  });

  it('is told also where nobody reads', async () => {
    const capture = await openDevice(OPTIONS, child(`${OPENED} process.exit(5);`));
    expect(await capture.ended).toMatchObject({ reason: 'failed' });
  });
});
