import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/capture/input-error.js';
import { ascii, PACKETS, pcap, pcapng, ramp } from './build.js';
import { chunks, collect, scratchDirectory, seen } from './collect.js';

const scratch = scratchDirectory();

async function failure(input: Parameters<typeof collect>[0][number]): Promise<InputError> {
  const error: unknown = await collect([input]).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
}

describe('input of which nothing can be read', () => {
  it.each([
    { what: 'nothing', bytes: ramp(0), code: 'ERR_EMPTY', message: 'is empty; expected a packet capture' },
    { what: 'one byte', bytes: ramp(1), code: 'ERR_NOT_A_CAPTURE', message: 'not a packet capture: it begins with 00;' },
    {
      what: 'text',
      bytes: ascii('Hello, world'),
      code: 'ERR_NOT_A_CAPTURE',
      message: 'it begins with 48 65 6c 6c; expected pcap, pcapng or gzip of one. Write one with: tcpdump -w FILE',
    },
    { what: '20 bytes of pcap', bytes: pcap([]).subarray(0, 20), code: 'ERR_NOT_A_CAPTURE', message: 'cut in its first header: 20 bytes' },
    {
      what: '10 bytes of pcapng',
      bytes: pcapng([]).subarray(0, 10),
      code: 'ERR_NOT_A_CAPTURE',
      message: 'cut in its first header: 10 bytes',
    },
    {
      what: '20 bytes of pcapng',
      bytes: pcapng([]).subarray(0, 20),
      code: 'ERR_NOT_A_CAPTURE',
      message: 'cut in its first header: 20 bytes',
    },
    {
      what: 'pcapng of another version',
      bytes: pcapng([]).map((byte, index) => (index === 12 ? 9 : byte)),
      code: 'ERR_NOT_A_CAPTURE',
      message: 'damaged in its first header: pcapng version 9',
    },
    { what: 'snoop', bytes: ascii('snoop\0\0\0\0\0\0\u0002'), code: 'ERR_NOT_A_CAPTURE', message: 'a snoop capture, not pcap' },
    { what: 'Network Monitor', bytes: ascii('GMBU\0\u0002'), code: 'ERR_NOT_A_CAPTURE', message: 'editcap -F pcapng FILE NEW' },
    { what: 'zstd', bytes: Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0), code: 'ERR_NOT_A_CAPTURE', message: 'zstd -dc FILE | closenotify -' },
    {
      what: 'xz',
      bytes: Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0),
      code: 'ERR_NOT_A_CAPTURE',
      message: 'xz -dc FILE | closenotify -',
    },
    { what: 'bzip2', bytes: ascii('BZh91AY'), code: 'ERR_NOT_A_CAPTURE', message: 'bzip2 -dc FILE | closenotify -' },
    { what: 'zip', bytes: ascii('PK\u0003\u0004'), code: 'ERR_NOT_A_CAPTURE', message: 'unzip -p FILE | closenotify -' },
    { what: '7z', bytes: Uint8Array.of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c), code: 'ERR_NOT_A_CAPTURE', message: 'a 7z archive' },
    { what: 'a key log', bytes: ascii('CLIENT_RANDOM 00'), code: 'ERR_NOT_A_CAPTURE', message: 'a TLS key log' },
  ])('$what: $code', async ({ bytes, code, message }) => {
    const path = scratch.write('notes.txt', bytes);
    const error = await failure(path);
    expect(error).toMatchObject({ code, input: path });
    expect(error.message.startsWith(`${path}: `)).toBe(true);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('\n');
    expect(await failure({ name: 'standard input', stream: chunks(bytes, 1) })).toMatchObject({ code, input: 'standard input' });
  });

  it('no such file', async () => {
    expect(await failure(scratch.path('none'))).toMatchObject({
      code: 'ERR_NOT_FOUND',
      message: `${scratch.path('none')}: no such file; check the path`,
    });
    expect(await failure(scratch.path('notes.txt/below'))).toMatchObject({ code: 'ERR_NOT_FOUND' });
  });

  it('a directory', async () => {
    mkdirSync(scratch.path('directory'));
    expect(await failure(scratch.path('directory'))).toMatchObject({ code: 'ERR_IS_DIRECTORY' });
  });

  it('a stream that fails at once', async () => {
    // biome-ignore lint/correctness/useYield: it fails before it can
    async function* broken(): AsyncGenerator<Uint8Array> {
      throw Object.assign(new Error('denied\x1b[2J'), { code: 'EACCES' });
    }
    expect(await failure(broken())).toMatchObject({ code: 'ERR_PERMISSION' });
  });

  it('a stream of text', async () => {
    const text = (async function* () {
      yield 'text';
    })() as unknown as AsyncIterable<Uint8Array>;
    expect(await failure(text)).toMatchObject({ code: 'ERR_READ', message: 'stream: cannot be read: its chunks are no Uint8Array' });
  });

  it('shows names without control characters', async () => {
    expect((await failure('\x1b[31mred\n.pcap')).message).toMatch(/^\\x1b\[31mred\\x0a\.pcap: no such file/);
  });
});

describe('several inputs', () => {
  it('are read as far as they can be', async () => {
    const good = scratch.write('good.pcap', pcap(PACKETS));
    const empty = scratch.write('empty.pcap', ramp(0));
    const none = scratch.path('none');
    const { frames, sources, warnings } = await collect([none, good, empty]);
    expect(frames).toEqual(seen(PACKETS));
    expect(sources.map(({ name, frames, truncated }) => [name, frames, truncated])).toEqual([
      [none, 0, true],
      [good, 3, false],
      [empty, 0, true],
    ]);
    expect(warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([
      `input-unreadable ${none}: no such file; check the path`,
      `input-unreadable ${empty}: is empty; expected a packet capture`,
    ]);
  });

  it('are refused when none can be read', async () => {
    await expect(collect([scratch.path('none'), scratch.path('neither')])).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
  });

  it('go on after one that is damaged, each with its own warning', async () => {
    const cut = pcap(PACKETS).subarray(0, 120);
    const { frames, warnings } = await collect([
      { name: 'a', stream: chunks(cut) },
      { name: 'b', stream: chunks(cut) },
      { name: 'c', stream: chunks(pcap(PACKETS)) },
    ]);
    expect(frames).toHaveLength(5);
    expect(warnings.map(({ message, frame }) => [message.slice(0, 29), frame])).toEqual([
      ['a: cut at byte 100, after fra', 1],
      ['b: cut at byte 100, after fra', 2],
    ]);
  });
});

describe('misuse', () => {
  it.each([
    { what: 'no input', inputs: [] },
    { what: 'a number', inputs: [1] },
    { what: 'null', inputs: [null] },
    { what: 'an object that is no source', inputs: [{ name: 'x', stream: 'y' }] },
  ])('of $what throws', async ({ inputs }) => {
    await expect(collect(inputs as never)).rejects.toBeInstanceOf(TypeError);
  });
});
