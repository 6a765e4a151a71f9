// A frame or packet inside of another one: what it begins with, and where.

/** What may be inside, as numbers of the LINKTYPE_ registry: they say how its IP header is found. */
export const Inner = { ethernet: 1, ppp: 9, ip: 101, mpls: 219 } as const;

/** Both in one number, 0 or more: no frame that is decoded is so long that it could not hold them. */
export function inner(linkType: number, offset: number): number {
  return offset * 256 + linkType;
}

export function innerLinkType(packed: number): number {
  return packed % 256;
}

export function innerOffset(packed: number): number {
  return Math.floor(packed / 256);
}
