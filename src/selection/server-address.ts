import type { ServerAddress } from '../analyzer.js';
import { ArgumentError } from '../argument-error.js';
import { canonicalAddress } from './address-range.js';

/**
 * A server as it is compared with those of connections.
 *
 * @param option for messages: what it was given as
 * @throws {@link ArgumentError} where it is none
 */
export function checkedServer(server: ServerAddress | undefined, option: string): ServerAddress | undefined {
  if (server === undefined) return undefined;
  if (typeof server !== 'object' || server === null) throw new ArgumentError(`${option}: expected { address, port }, not ${server}`);
  const { port = null } = server;
  const address = canonicalAddress(String(server.address));
  if (address === null) throw new ArgumentError(`${option}.address: expected an IP address, not ${server.address}`);
  if (port !== null && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new ArgumentError(`${option}.port: expected a port from 1 to 65535, not ${port}`);
  }
  return { address, port };
}
