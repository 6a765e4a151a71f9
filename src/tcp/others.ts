// Frames that hold no TCP that is looked for, by what they hold instead.
import type { OtherFrames } from '../model.js';
import { ipProtocolName } from '../wire/registry/ip-protocols.js';

export class Others {
  #notIp = 0;
  readonly #protocols = new Float64Array(256);

  addNotIp(): void {
    this.#notIp++;
  }

  add(protocol: number): void {
    this.#protocols[protocol]++;
  }

  report(): OtherFrames {
    const counts = [...this.#protocols].map((frames, number) => ({ name: ipProtocolName(number), frames }));
    return { notIp: this.#notIp, protocols: counts.filter(({ frames }) => frames > 0).sort((a, b) => b.frames - a.frames) };
  }
}
