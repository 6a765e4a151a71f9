import type { Connection, Endpoint } from '../../src/model.js';
import type { TrueConnection } from '../support/truth.js';

/**
 * The connection of the report for each one of the truth. Ports are used again: then in order of time where none is missing,
 * else whichever began nearest.
 */
export function pair(told: readonly Connection[], truth: readonly TrueConnection[]): Map<TrueConnection, Connection> {
  const partners = new Map<TrueConnection, Connection>();
  const reported = group(told, (c) => `${text(c.client)} ${text(c.server)}`);
  for (const [ports, happened] of group(truth, (c) => `${c.client} ${c.server}`)) {
    const left = (reported.get(ports) ?? []).sort((a, b) => a.start - b.start);
    happened.sort((a, b) => (a.openedAt ?? 0) - (b.openedAt ?? 0));
    for (const [index, connection] of happened.entries()) {
      if (left.length === 0) break;
      const complete = left.length >= happened.length - index;
      const [partner] = left.splice(complete ? 0 : nearest(left, connection.openedAt ?? 0), 1);
      partners.set(connection, partner);
    }
  }
  return partners;
}

function nearest(connections: readonly Connection[], time: number): number {
  let best = 0;
  for (const [index, connection] of connections.entries()) {
    if (Math.abs(connection.start - time) < Math.abs(connections[best].start - time)) best = index;
  }
  return best;
}

function group<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const members = groups.get(key(item));
    if (members) members.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

/** As the truth writes it. */
function text({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
