/**
 * What a function of the link, IP and TCP layers answers: from 0 on, the offset of the next header; below 0, why there is none.
 */

/** Another protocol than IPv4 and IPv6. */
export const NOT_IP = -1;
/** The bytes at hand end before the header does. */
export const TRUNCATED = -2;
/** The header contradicts itself or its RFC. */
export const MALFORMED = -3;
/** IP that carries another protocol than TCP, or hides it. */
export const NOT_TCP = -4;
/** A part of an IP packet: its ports and lengths are not to be had without the other parts. */
export const FRAGMENT = -5;
/** A link type that is not decoded here. */
export const UNSUPPORTED = -6;
