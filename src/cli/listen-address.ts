import { isIPv4, isIPv6 } from 'node:net';

export interface ListenAddress {
  host: string;
  port: number;
}

/** Nobody but this machine. */
const DEFAULT_HOST = '127.0.0.1';

/** `9464`, `0.0.0.0:9464`, `[::]:9464`, `localhost:9464`; port 0 takes a free one. A string is what is wrong. */
export function parseListenAddress(text: string): ListenAddress | string {
  const match = /^(?:(?<host>[^:[\]]+|\[[^[\]]*\]):)?(?<port>[^:[\]]*)$/.exec(text);
  if (!match?.groups) return /^:\d*$/.test(text) ? NO_HOST : FORM;
  const { host = DEFAULT_HOST, port } = match.groups;
  if (!/^\d{1,5}$/.test(port) || Number(port) > MAX_PORT) return `the port is a number from 0 to ${MAX_PORT}`;
  if (!host.startsWith('[')) return isHost(host) ? { host, port: Number(port) } : 'the host is neither an IPv4 address nor a name';
  const address = host.slice(1, -1);
  return isIPv6(address) ? { host: address, port: Number(port) } : 'what is in brackets is no IPv6 address';
}

const FORM = 'write [host:]port, such as 9464, 0.0.0.0:9464 or [::1]:9464';
const NO_HOST = 'there is no host before the colon: 0.0.0.0 is every IPv4 address of this machine, [::] every address';
const MAX_PORT = 65_535;
/** RFC 1035 3.1. */
const MAX_NAME_CHARACTERS = 253;

/** A name whose last label is a number would be an address (RFC 3696 2). */
function isHost(text: string): boolean {
  if (isIPv4(text)) return true;
  if (text.length > MAX_NAME_CHARACTERS) return false;
  const labels = text.replace(/\.$/, '').split('.');
  return labels.every((label) => /^[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?$/i.test(label)) && !/^\d+$/.test(labels[labels.length - 1]);
}
