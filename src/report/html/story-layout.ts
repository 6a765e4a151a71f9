/** Where the marks of a story are drawn: time goes to the right, and long pauses are shortened. */
import type { Lane, Mark } from './story-marks.js';

/** A mark, and where its middle is, in pixels. */
export interface Placed {
  mark: Mark;
  x: number;
  y: number;
}

/** Lanes and marks in their places. */
export interface Layout {
  width: number;
  height: number;
  lanes: { lane: Lane; y: number; from: number; to: number }[];
  marks: Placed[];
  /** Of the axis. */
  ticks: { x: number; time: number }[];
}

export const LANE_HEIGHT = 88;
const AXIS_HEIGHT = 26;
/** From the line of a lane to its marks: those of the client are above it. */
const MARK_OFFSET = 10;
const NAME_WIDTH = 132;
const RIGHT = 48;
/** Narrower stories are stretched. */
const MIN_WIDTH = 1000;
const CHARACTER_WIDTH = 6.8;
const MIN_LABEL_WIDTH = 34;
const TICK_DISTANCE = 96;

export function layoutOf(lanes: readonly Lane[]): Layout {
  const marks = lanes.flatMap(({ marks }) => marks).sort((a, b) => a.time - b.time || a.frame - b.frame);
  const xs = stretched(placesOf(marks));
  const row = new Map(lanes.map(({ stream }, i) => [stream, AXIS_HEIGHT + LANE_HEIGHT * (i + 0.5)]));
  const placed = marks.map((mark, i): Placed => {
    const y = (row.get(mark.stream) ?? 0) + (mark.side === 'client' ? -MARK_OFFSET : MARK_OFFSET);
    return { mark, x: xs[i], y };
  });
  return {
    width: Math.max(MIN_WIDTH, (xs.at(-1) ?? 0) + RIGHT),
    height: AXIS_HEIGHT + LANE_HEIGHT * lanes.length,
    lanes: lanes.map((lane) => {
      const own = placed.filter(({ mark }) => mark.stream === lane.stream).map(({ x }) => x);
      return { lane, y: row.get(lane.stream) ?? 0, from: Math.min(...own) - 12, to: Math.max(...own) + 12 };
    }),
    marks: placed,
    ticks: ticksOf(placed),
  };
}

/** Each mark as far behind the one before as the pause between them asks for, and its label clear of that before on the same side of its lane. */
function placesOf(marks: readonly Mark[]): number[] {
  const ends = new Map<string, number>();
  let x = NAME_WIDTH;
  return marks.map((mark, i) => {
    const half = labelWidth(mark) / 2;
    const line = `${mark.stream} ${mark.side}`;
    if (i > 0) x += pauseWidth(mark.time - marks[i - 1].time);
    x = Math.max(x, NAME_WIDTH + half, (ends.get(line) ?? 0) + half);
    ends.set(line, x + half + 6);
    return x;
  });
}

/** Ten times as long is 30 pixels more, so that milliseconds and minutes fit into one picture. */
function pauseWidth(seconds: number): number {
  return Math.min(150, 4 + 30 * Math.log10(1 + Math.max(0, seconds) * 1000));
}

function labelWidth({ word, frame }: Mark): number {
  return Math.max(MIN_LABEL_WIDTH, CHARACTER_WIDTH * Math.max(word.length, String(frame).length + 1));
}

function stretched(xs: number[]): number[] {
  const last = xs.at(-1) ?? NAME_WIDTH;
  const first = xs[0] ?? NAME_WIDTH;
  const wanted = MIN_WIDTH - RIGHT;
  if (last >= wanted || last === first) return xs;
  const factor = (wanted - first) / (last - first);
  return xs.map((x) => first + (x - first) * factor);
}

function ticksOf(placed: readonly Placed[]): Layout['ticks'] {
  const ticks: Layout['ticks'] = [];
  for (const { x, mark } of placed) {
    const before = ticks.at(-1);
    if (before === undefined || x - before.x >= TICK_DISTANCE) ticks.push({ x, time: mark.time });
  }
  return ticks;
}
