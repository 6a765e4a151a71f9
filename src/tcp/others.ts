// Frames that hold no TCP that is looked for, by what they hold instead.
import type { OtherFrames } from '../model.js';

/** Of the registry of IP protocols (iana.org). */
const NAMES: Readonly<Record<number, string>> = {
  1: 'ICMP',
  2: 'IGMP',
  17: 'UDP',
  47: 'GRE',
  50: 'ESP',
  51: 'AH',
  58: 'ICMPv6',
  88: 'EIGRP',
  89: 'OSPF',
  103: 'PIM',
  112: 'VRRP',
  115: 'L2TP',
  132: 'SCTP',
};

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
    const counts = [...this.#protocols].map((frames, number) => ({ name: NAMES[number] ?? `IP protocol ${number}`, frames }));
    return { notIp: this.#notIp, protocols: counts.filter(({ frames }) => frames > 0).sort((a, b) => b.frames - a.frames) };
  }
}
