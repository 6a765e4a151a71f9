// Each connection of a capture against what its client did.
const EXAMPLES = 20;
const SECONDS_APART = 1;
const HELD_OPEN = 'exit';

/** @param told as `--all` lists them */
export function compareConnections(made, told) {
  const byPeers = new Map();
  for (const connection of told) {
    const key = `${connection.client.address}:${connection.client.port} ${connection.server.port}`;
    const list = byPeers.get(key);
    if (list) list.push(connection);
    else byPeers.set(key, [connection]);
  }
  const result = { made: made.length, told: told.length, missing: 0, differences: {}, examples: [] };
  for (const truth of made) {
    const list = byPeers.get(`${truth.client} ${truth.port}`) ?? [];
    const found = list.find(({ times }) => times.clientHello !== null && Math.abs(times.clientHello - truth.hello) < SECONDS_APART);
    const differences = found ? differ(truth, found) : ['missing'];
    if (!found) result.missing++;
    for (const difference of differences) {
      result.differences[difference] = (result.differences[difference] ?? 0) + 1;
      if (result.examples.length < EXAMPLES) result.examples.push({ difference, truth, told: found && excerpt(found) });
    }
  }
  return result;
}

function differ(truth, { offered, issued, handshake, resumption, close }) {
  const differences = [];
  const differs = (what, isTrue) => isTrue || differences.push(what);
  if (truth.kind === 'failed') return [`failed, told as ${handshake}`];
  differs('offered', (offered.sessionId ?? '-') === truth.offered);
  differs('resumption', resumption === (truth.offered === '-' ? 'not-offered' : truth.reused === '1' ? 'resumed' : 'declined'));
  differs('issued', issued.sessionId === (truth.reused === '1' ? null : truth.after) || issued.sessionId === truth.after);
  if (truth.kind === HELD_OPEN) return differences;
  const { state, end } = close.client;
  differs(`${truth.kind} told as ${state} ${end}`, closesAs(truth.kind, state, end));
  return differences;
}

function closesAs(kind, state, end) {
  if (kind === 'rst') return state === 'unclean' && end === 'rst';
  if (kind === 'fin' || kind === 'finclose') return state === 'unclean' && end === 'fin';
  return state === 'clean' || state === 'reset-race';
}

function excerpt({ stream, offered, issued, handshake, resumption, close, frames }) {
  return { stream, offered: offered.sessionId, issued: issued.sessionId, handshake, resumption, close, frames };
}
