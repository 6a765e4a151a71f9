import { appendFileSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.js';
import { RereadableInputs } from '../../src/capture/rereadable.js';
import { EvidenceWriter } from '../../src/evidence.js';
import { PACKETS, pcap } from '../capture/build.js';
import { chunks, collect, scratchDirectory } from '../capture/collect.js';
import { fixtures } from '../support/fixtures.js';
import { SMALL_TABLES } from '../twins/reading.js';

const scratch = scratchDirectory();
const CAPTURE = pcap(PACKETS);

describe('inputs that are read again', () => {
  it('are the same bytes each time', async () => {
    const path = scratch.write('a.pcap', CAPTURE);
    for (const input of [path, pathToFileURL(path), CAPTURE, chunks(CAPTURE, 7), { name: 'x', stream: chunks(CAPTURE, 100) }]) {
      const inputs = new RereadableInputs([input], undefined);
      const first = await collect(inputs.first);
      const again = await collect(inputs.again());
      expect(again.frames).toEqual(first.frames);
      expect((await collect(inputs.again())).sources).toEqual(first.sources);
      expect(first.frames).toHaveLength(PACKETS.length);
      inputs.close();
    }
  });

  it.each<[string, (path: string) => void, RegExp]>([
    [
      'is gone',
      (path) => rmSync(path),
      /b\.pcap: is gone since it was first read; the evidence needs it unchanged: copy it, and give the copy$/,
    ],
    ['grew', (path) => appendFileSync(path, new Uint8Array(16)), /b\.pcap: changed since it was first read; /],
    ['was written to', (path) => utimesSync(path, 1, 2), /b\.pcap: changed since it was first read; /],
  ])('fail in one line when a file %s meanwhile', (_, change, message) => {
    const path = scratch.write('b.pcap', CAPTURE);
    const inputs = new RereadableInputs([path], undefined);
    inputs.check();
    change(path);
    expect(() => inputs.again()).toThrow(
      expect.objectContaining({ name: 'InputError', code: 'ERR_READ', message: expect.stringMatching(message) }),
    );
  });

  it('of a pipe are kept up to a limit; the analysis goes on', async () => {
    const inputs = new RereadableInputs([chunks(CAPTURE, 10)], undefined, 100);
    expect((await collect(inputs.first)).frames).toHaveLength(PACKETS.length);
    expect(inputs.problem).toBe('longer than 100 bytes, which is all that a temporary file may hold; save it to a file first');
    inputs.close();
  });

  it('that are not there are told of by the analysis', async () => {
    const inputs = new RereadableInputs([scratch.path('none')], undefined);
    await expect(collect(inputs.first)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
  });
});

it('a capture that changed between the readings gives an error, and no file', async () => {
  const path = scratch.write('c.pcap', readFileSync(`${fixtures}forum-haproxy.pcap`));
  const writer = new EvidenceWriter([path], { limits: SMALL_TABLES }, false);
  const report = await analyze(writer.inputs, writer.options, writer.watch);
  appendFileSync(path, new Uint8Array(1));
  await expect(writer.write(scratch.path('c.pcapng'), report)).rejects.toMatchObject({ name: 'InputError', code: 'ERR_READ' });
  writer.close();
});
