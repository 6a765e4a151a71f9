// Link types as npm cap names them: what its open() returns, from src/binding.cc of cap 0.2.1

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['NULL', 0],
  ['ETHERNET', 1],
  ['RAW', 101],
  ['LINKTYPE_LINUX_SLL', 113],
  ['IEEE802_11_RADIO', 127],
]);

const UNKNOWN = /^Unknown linktype (\d{1,5})$/;

/** Of the numbers that cap passes on as libpcap knows them, the one that the registry calls otherwise: DLT_ATM_RFC1483. */
const ATM = { dlt: 11, linkType: 100 } as const;

/** Number of the LINKTYPE_ registry for what cap's `open` returned; null when it is none of its texts. */
export function linkTypeOfCap(name: string): number | null {
  const known = NUMBERS.get(name);
  if (known !== undefined) return known;
  const match = UNKNOWN.exec(name);
  if (match === null) return null;
  const number = Number(match[1]);
  return number === ATM.dlt ? ATM.linkType : number;
}

/** Bytes that cap keeps of a frame at most; that cannot be told otherwise. */
export const CAP_SNAP_LENGTH = 65_535;
