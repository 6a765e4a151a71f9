import type { AnalyzeOptions } from '../../src/analyze.js';
import type { ClassicFixture } from './traffic.js';

/** Tables are reserved as a whole, and the fixtures need little of them. */
export const SMALL_TABLES = {
  flows: 4096,
  open: 1024,
  addresses: 1024,
  halfClosed: 1024,
  lingering: 1024,
  sessions: 4096,
  uses: 8192,
  servers: 1024,
};

/** Everything that can be told of a fixture. */
export function everything({ keyLog }: Pick<ClassicFixture, 'keyLog'>): AnalyzeOptions {
  return { keep: 'all', limits: SMALL_TABLES, ...(keyLog !== null && { keyLog }) };
}
