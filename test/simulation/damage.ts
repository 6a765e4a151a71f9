// What a capture lacks of what went over the network.
import type { Packet } from '../support/packets.js';
import type { Random } from './random.js';

export interface Damage {
  /** Share of packets lost at random. */
  loss: number;
  /** Share of packets before the capture began, and after it ended. */
  before: number;
  after: number;
}

export function drawDamage(random: Random): Damage {
  return {
    loss: random.weighted([
      [55, 0],
      [15, 0.001],
      [15, 0.01],
      [15, 0.05],
    ]),
    before: random.chance(0.2) ? random.between(0.1, 0.6) : 0,
    after: random.chance(0.15) ? random.between(0.05, 0.2) : 0,
  };
}

/** The packets that are left, in order of time. */
export function damage(packets: Packet[], { loss, before, after }: Damage, random: Random): Packet[] {
  const sorted = packets.sort((a, b) => a.at - b.at);
  const rest = sorted.slice(Math.floor(before * sorted.length), Math.ceil((1 - after) * sorted.length));
  return loss === 0 ? rest : rest.filter(() => !random.chance(loss));
}
