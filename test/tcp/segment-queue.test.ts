import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SegmentQueue } from '../../src/tcp/segment-queue.js';

const moment = { frame: 1, time: 0, acknowledges: 0, acknowledgesKnown: false };

/** `[100, 'abc']`: three bytes from sequence number 100 on; a third entry is their length on the wire. */
type Piece = [sequence: number, text: string, length?: number];

function queueOf(pieces: readonly Piece[], held = { bytes: 0 }): SegmentQueue {
  const queue = new SegmentQueue(held);
  for (const [sequence, text, length = text.length] of pieces) {
    const bytes = new TextEncoder().encode(`<${text}>`);
    queue.add(sequence, bytes, 1, bytes.length - 1, length, moment);
  }
  return queue;
}

function contentOf(queue: SegmentQueue): Piece[] {
  const pieces: Piece[] = [];
  for (let segment = queue.shift(); segment; segment = queue.shift()) {
    const text = new TextDecoder().decode(segment.bytes);
    pieces.push(segment.length === text.length ? [segment.sequence, text] : [segment.sequence, text, segment.length]);
  }
  return pieces;
}

describe('the queue of out-of-order segments', () => {
  const cases: [name: string, pieces: Piece[], expected: Piece[]][] = [
    [
      'sorts',
      [
        [20, 'cd'],
        [10, 'ab'],
      ],
      [
        [10, 'ab'],
        [20, 'cd'],
      ],
    ],
    [
      'keeps neighbours apart',
      [
        [12, 'cd'],
        [10, 'ab'],
      ],
      [
        [10, 'ab'],
        [12, 'cd'],
      ],
    ],
    [
      'leaves out the same again',
      [
        [10, 'abc'],
        [10, 'XYZ'],
      ],
      [[10, 'abc']],
    ],
    [
      'leaves out what lies within',
      [
        [10, 'abcd'],
        [11, 'XY'],
      ],
      [[10, 'abcd']],
    ],
    [
      'cuts an overlap in front',
      [
        [10, 'abc'],
        [12, 'XYZ'],
      ],
      [
        [10, 'abc'],
        [13, 'YZ'],
      ],
    ],
    [
      'cuts an overlap behind',
      [
        [12, 'abc'],
        [10, 'XYZ'],
      ],
      [
        [10, 'XY'],
        [12, 'abc'],
      ],
    ],
    [
      'fills both sides of one that lies within',
      [
        [12, 'ab'],
        [10, 'XXXXXX'],
      ],
      [
        [10, 'XX'],
        [12, 'ab'],
        [14, 'XX'],
      ],
    ],
    [
      'fills a hole only',
      [
        [10, 'ab'],
        [14, 'ef'],
        [10, 'XXXXXX'],
      ],
      [
        [10, 'ab'],
        [12, 'XX'],
        [14, 'ef'],
      ],
    ],
    [
      'sorts over the wrap',
      [
        [1, 'cd'],
        [-2, 'ab'],
      ],
      [
        [-2, 'ab'],
        [1, 'cd'],
      ],
    ],
    [
      'cuts overlaps over the wrap',
      [
        [-2, 'abc'],
        [-1, 'XYZ'],
      ],
      [
        [-2, 'abc'],
        [1, 'Z'],
      ],
    ],
    ['remembers the length on the wire', [[10, 'ab', 5]], [[10, 'ab', 5]]],
    [
      'cuts what was not captured as well',
      [
        [12, 'cd'],
        [10, 'ab', 6],
      ],
      [
        [10, 'ab'],
        [12, 'cd'],
        [14, '', 2],
      ],
    ],
    ['keeps nothing of an empty one', [[10, '']], []],
  ];
  it.each(cases)('%s', (_, pieces, expected) => {
    expect(contentOf(queueOf(pieces))).toEqual(expected);
  });

  it('counts what it holds, for itself and for all', () => {
    const held = { bytes: 1000 };
    const queue = queueOf(
      [
        [10, 'abc'],
        [20, 'de'],
      ],
      held,
    );
    expect(queue.count).toBe(2);
    expect(queue.bytes).toBeGreaterThan(5);
    expect(held.bytes).toBe(1000 + queue.bytes);
    queue.shift();
    expect(held.bytes).toBe(1000 + queue.bytes);
    queue.clear();
    expect([queue.count, queue.bytes, held.bytes]).toEqual([0, 0, 1000]);
  });

  it('counts empty payloads that were cut away, so that they are not free', () => {
    const queue = queueOf([
      [10, '', 1],
      [20, '', 1],
    ]);
    expect(queue.bytes).toBeGreaterThanOrEqual(2);
  });

  it('holds for each byte what came first, in order and without overlap', () => {
    const piece = fc.record({ sequence: fc.integer({ min: -12, max: 12 }), length: fc.integer({ min: 1, max: 8 }) });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const first = new Map<number, string>();
        const texts = pieces.map(({ sequence, length }, i): Piece => {
          const letter = String.fromCharCode(97 + i);
          for (let at = sequence; at < sequence + length; at++) if (!first.has(at)) first.set(at, letter);
          return [sequence, letter.repeat(length)];
        });
        const found = contentOf(queueOf(texts)).flatMap(([sequence, text]) => [...text].map((letter, i) => [sequence + i, letter]));
        expect(found).toEqual([...first].sort((a, b) => a[0] - b[0]));
      }),
    );
  });
});
