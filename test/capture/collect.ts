import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type CaptureInput, type ReadOptions, type ReadProgress, readCapture } from '../../src/capture/read.js';
import type { CaptureSource, Warning } from '../../src/model.js';
import { Warnings } from '../../src/warnings.js';
import type { Packet } from './build.js';

export interface SeenFrame {
  hex: string;
  originalLength: number;
  seconds: number;
  nanoseconds: number;
  linkType: number;
}

export interface Collected {
  frames: SeenFrame[];
  sources: CaptureSource[];
  warnings: Warning[];
  progress: ReadProgress[];
}

/** Reads to the end and keeps everything. */
export async function collect(inputs: readonly CaptureInput[], options: ReadOptions = {}): Promise<Collected> {
  const frames: SeenFrame[] = [];
  const progress: ReadProgress[] = [];
  const warnings = new Warnings();
  const sink = {
    frame(
      bytes: Uint8Array,
      offset: number,
      length: number,
      originalLength: number,
      seconds: number,
      nanoseconds: number,
      linkType: number,
    ) {
      frames.push({ hex: hex(bytes.subarray(offset, offset + length)), originalLength, seconds, nanoseconds, linkType });
    },
  };
  const reading = readCapture(inputs, sink, warnings, options);
  for (;;) {
    const { done, value } = await reading.next();
    if (done) return { frames, sources: value, warnings: warnings.list(), progress };
    const { bytesRead, totalBytes, frames: delivered } = value;
    progress.push({ bytesRead, totalBytes, frames: delivered });
  }
}

/** What a sink must see of packets. */
export function seen(packets: readonly Packet[], linkType = 1): SeenFrame[] {
  return packets.map(({ data, originalLength = data.length, seconds, nanoseconds }) => ({
    hex: hex(data),
    originalLength,
    seconds,
    nanoseconds,
    linkType,
  }));
}

/** A stream that gives `bytes` in chunks of one length. */
export async function* chunks(bytes: Uint8Array, length = bytes.length): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
}

/** A directory that is removed after the tests of the file. */
export function scratchDirectory(): { path(name: string): string; write(name: string, bytes: Uint8Array): string } {
  const directory = mkdtempSync(join(tmpdir(), 'closenotify-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const path = (name: string) => join(directory, name);
  return {
    path,
    write(name, bytes) {
      writeFileSync(path(name), bytes);
      return path(name);
    },
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
