import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Truth } from './truth.js';

/** The folder of the captures, with a slash at its end. */
export const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** A capture and the name that its truth, key log and golden report share with it. */
export interface Fixture {
  name: string;
  file: string;
  path: string;
}

const capture = /\.(pcap|pcapng)(\.gz)?$/;

/** Every capture in `fixtures/`, found by directory listing. */
export function captures(): Fixture[] {
  const files = readdirSync(fixtures).filter((file) => capture.test(file));
  return files.sort().map((file) => ({ name: file.replace(capture, ''), file, path: fixtures + file }));
}

/** What the endpoints of a capture reported. */
export function truthOf(fixture: Fixture): Truth {
  return JSON.parse(readFileSync(`${fixtures}truth/${fixture.name}.truth.json`, 'utf8'));
}

export function hasTruth(fixture: Fixture): boolean {
  return existsSync(`${fixtures}truth/${fixture.name}.truth.json`);
}
