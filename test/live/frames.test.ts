import { describe, expect, it } from 'vitest';
import { Analyzer } from '../../src/analyzer.js';
import { LiveFrames } from '../../src/live/frames.js';

const START = 1_700_000_000;

/** Reads frames of these times, one read for each list, a second apart. */
function read(isOwnClock: boolean, ...reads: number[][]): LiveFrames {
  const frames = new LiveFrames(new Analyzer(), null, Number.POSITIVE_INFINITY, isOwnClock);
  reads.forEach((times, i) => {
    for (const time of times) frames.frame(new Uint8Array(60), 0, 60, 60, Math.floor(time), (time % 1) * 1e9, 1);
    frames.read(1000 * i);
  });
  return frames;
}

describe('the present time of a live capture', () => {
  it.each<[string, number[][], number]>([
    ['goes on with the frames', [[START], [START + 1], [START + 2]], START + 2],
    ['is not that of a frame from the future', [[START], [START + 7200], [START + 2]], START + 2],
    ['nor of one that stands alone at the end', [[START], [START + 1], [START + 7200]], START + 2],
    ['follows a clock that was set back', [[START], [START - 7200], [START - 7199]], START - 7199],
    ['follows a file that is read faster than it was captured', [[START], [START + 600], [START + 1200]], START + 1200],
  ])('%s', (_, reads, expected) => {
    expect(read(false, ...reads).presentTime(2000)).toBeCloseTo(expected, 3);
  });

  it('goes on where no frame comes', () => {
    expect(read(false, [START], []).presentTime(31_000)).toBeCloseTo(START + 31, 3);
  });

  it('is not known before the first frame', () => {
    const frames = read(true, []);
    expect([frames.time, frames.lagSeconds, frames.presentTime(0)]).toEqual([null, null, null]);
  });
});

describe('the lag', () => {
  it('of a clock elsewhere is what the delay has grown by', () => {
    expect(read(false, [START], [START - 3]).lagSeconds).toBeCloseTo(3, 1);
  });

  it('begins anew where the clock is another one', () => {
    expect(read(false, [START + 7200], [START], [START + 1]).lagSeconds).toBeCloseTo(0, 1);
  });
});
