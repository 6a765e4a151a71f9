import { vi } from 'vitest';
import { type AnalyzeOptions, analyze as analyzeFile } from '../../src/analyze.js';
import { toHex } from '../../src/bytes/hex.js';
import { ConnectionFacts } from '../../src/tls/facts.js';
import { analyze, type Packet, type ReadOptions } from '../support/packets.js';

/** Facts that no Connection record has. */
export interface Facts {
  stream: number;
  hasAmbiguousAlert: boolean;
  hasLikelyFatalAlert: boolean;
  /** Hex; null where there is none. */
  voidId: string | null;
}

/** Of the connections of the packets, in the order in which they ended. */
export function factsOf(packets: readonly Packet[], options?: ReadOptions): Facts[] {
  const watch = new FactsWatch();
  try {
    analyze(packets, options);
  } finally {
    watch.end();
  }
  return watch.facts;
}

/** Of those of a capture file. */
export async function factsOfFile(path: string, options?: AnalyzeOptions): Promise<Facts[]> {
  const watch = new FactsWatch();
  try {
    await analyzeFile(path, options);
  } finally {
    watch.end();
  }
  return watch.facts;
}

/** One object holds the facts of all connections, one after the other: what is wanted of each is copied. */
class FactsWatch {
  readonly facts: Facts[] = [];
  readonly #spy;

  constructor() {
    const { read } = ConnectionFacts.prototype;
    const { facts } = this;
    this.#spy = vi.spyOn(ConnectionFacts.prototype, 'read').mockImplementation(function (this: ConnectionFacts, ...args) {
      read.apply(this, args);
      facts.push(copy(this));
      return this;
    });
  }

  end(): void {
    this.#spy.mockRestore();
  }
}

function copy({ stream, hasAmbiguousAlert, hasLikelyFatalAlert, voidId }: ConnectionFacts): Facts {
  const bytes = new Uint8Array(voidId.words.buffer);
  const id = voidId.length < 0 ? null : toHex(bytes, voidId.at * 4, voidId.at * 4 + voidId.length);
  return { stream, hasAmbiguousAlert, hasLikelyFatalAlert, voidId: id };
}
