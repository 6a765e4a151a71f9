// What became of every session, in truth and as told.

/** Flags of a session. `DECLINED`…`HANDSHAKE` are truth, the others what closenotify said. */
const SERVER_MASK = 0b111;
const DECLINED = 1 << 3;
const AFTER_UNCLEAN = 1 << 4;
const LOST_FIN = 1 << 5;
const LOST_RST = 1 << 6;
const LOST_CLEAN = 1 << 7;
const EXPIRED = 1 << 8;
const EVICTED = 1 << 9;
const FAILED = 1 << 10;
const TOLD = 1 << 11;
const EVER_TOLD = 1 << 12;
const CONFIDENCE_SHIFT = 13;
const CONFIDENCE_MASK = 0b11 << CONFIDENCE_SHIFT;
const CULPRIT_FIN = 1 << 15;
const CULPRIT_RST = 1 << 16;
const REPORTED = 1 << 17;
const BY_SERVER = 1 << 18;
const RIVAL_EXPIRED = 1 << 19;

const LOST_BY_END = LOST_FIN | LOST_RST;
const CONFIDENCES = ['none', 'low', 'medium', 'high'];
const REMOVALS = { expired: EXPIRED, evicted: EVICTED, handshake: FAILED };
const UNCLEAN = new Set(['fin', 'finclose', 'rst', 'failed']);
/** Servers count whole seconds. */
const CLOCK_SECONDS = 1;
const KEY_DIGITS = 16;
const EXAMPLES = 20;

export class Ledger {
  #servers;
  #index;
  #connections = [];
  /** By the first 8 bytes of the ID. */
  #flags = new Map();
  /** Sessions not declined yet: the time of their first unclean close. */
  #unclean = new Map();
  #withConnections;
  #lifetime;
  /** Sessions of servers without a log: when they were issued, or declined where that is known first. */
  #issued = new Map();
  #declinedAt = new Map();

  /**
   * @param lifetime of sessions, seconds
   * @param withConnections each connection is kept, to be compared one by one
   */
  constructor(servers, lifetime, withConnections = false) {
    this.#servers = servers.map(({ name, port, loses, log }) => ({
      name,
      port,
      loses,
      log,
      connections: 0,
      full: 0,
      resumed: 0,
      declined: 0,
      failed: 0,
      closes: {},
    }));
    this.#index = new Map(servers.map(({ port }, index) => [port, index]));
    this.#withConnections = withConnections;
    this.#lifetime = lifetime;
  }

  get servers() {
    return this.#servers;
  }

  get connections() {
    return this.#connections;
  }

  get made() {
    return this.#sum('connections');
  }

  get declined() {
    return this.#sum('declined');
  }

  /** A line of tls-clients. */
  addConnection(line) {
    const [hello, closed, port, client, offered, reused, after, how] = line.split('\t');
    const index = this.#index.get(Number(port));
    if (index === undefined || how === undefined) throw new Error(`not a line of the truth: ${line}`);
    const server = this.#servers[index];
    const kind = how.replace('held-', '');
    server.connections++;
    server.closes[how] = (server.closes[how] ?? 0) + 1;
    if (this.#withConnections) this.#connections.push({ hello: Number(hello), port: Number(port), client, offered, reused, after, kind });
    if (kind === 'failed') server.failed++;
    else if (reused === '1') server.resumed++;
    else server.full++;
    if (!server.log && reused === '0' && after !== '-') this.#issue(after, index, Number(hello));
    if (offered !== '-' && after !== '-' && reused === '0') this.#decline(server, index, offered, Number(hello));
    if (after !== '-' && UNCLEAN.has(kind)) this.#closeUncleanly(after, Number(closed));
  }

  /** A line of tls-server. */
  addServerLine(port, line) {
    const index = this.#index.get(port);
    const [type, , ...rest] = line.split('\t');
    if (type === 'end') {
      const [, how, id, lost] = rest;
      if (lost === '1') this.#mark(id, index, how === 'eof' ? LOST_FIN : how === 'reset' ? LOST_RST : LOST_CLEAN);
    } else if (type === 'removed') this.#mark(rest[1], index, REMOVALS[rest[0]] ?? 0);
  }

  /** A finding, as an event of the capture or in the final report (`change` undefined). */
  addFinding(change, finding) {
    const index = this.#index.get(finding.server.port) ?? SERVER_MASK;
    const key = keyOf(finding.session.id);
    let flags = (this.#flags.get(key) ?? index) & ~(TOLD | CONFIDENCE_MASK | CULPRIT_FIN | CULPRIT_RST | BY_SERVER | RIVAL_EXPIRED);
    if (change === undefined) flags |= REPORTED;
    if (change !== 'withdrawn') {
      const confidence = CONFIDENCES.indexOf(finding.confidence) << CONFIDENCE_SHIFT;
      flags |= TOLD | EVER_TOLD | confidence | (finding.culprit.end === 'fin' ? CULPRIT_FIN : CULPRIT_RST);
      if (finding.culprit.by === 'server') flags |= BY_SERVER;
      if (finding.rivals.includes('expired')) flags |= RIVAL_EXPIRED;
    }
    this.#flags.set(key, flags);
  }

  /** How right closenotify is about each server. */
  outcome() {
    const rows = [...this.#servers.map(({ name }) => emptyOutcome(name)), emptyOutcome('elsewhere')];
    for (const [key, flags] of this.#flags) count(rows[flags & SERVER_MASK] ?? rows.at(-1), key, flags);
    return rows;
  }

  #sum(field) {
    return this.#servers.reduce((sum, server) => sum + server[field], 0);
  }

  #decline(server, index, id, hello) {
    server.declined++;
    const key = keyOf(id);
    const closed = this.#unclean.get(key);
    this.#unclean.delete(key);
    if (!server.log) {
      const issued = this.#issued.get(key);
      this.#issued.delete(key);
      if (issued === undefined) this.#declinedAt.set(key, hello);
      else this.#grow(id, index, hello - issued);
    }
    this.#mark(id, index, DECLINED | (closed !== undefined && closed < hello ? AFTER_UNCLEAN : 0));
  }

  /** The line of a connection comes when it is closed, perhaps after another one was declined. */
  #issue(id, index, time) {
    const key = keyOf(id);
    const declined = this.#declinedAt.get(key);
    this.#declinedAt.delete(key);
    if (declined === undefined) this.#issued.set(key, time);
    else this.#grow(id, index, declined - time);
  }

  #grow(id, index, age) {
    if (age >= this.#lifetime - CLOCK_SECONDS) this.#mark(id, index, EXPIRED);
  }

  #closeUncleanly(id, closed) {
    const key = keyOf(id);
    if (((this.#flags.get(key) ?? 0) & DECLINED) === 0 && !this.#unclean.has(key)) this.#unclean.set(key, closed);
  }

  #mark(id, index, flags) {
    const key = keyOf(id);
    this.#flags.set(key, (this.#flags.get(key) ?? index) | flags);
  }
}

function emptyOutcome(server) {
  return {
    server,
    declined: 0,
    declinedAfterUnclean: 0,
    lost: 0,
    lostByFin: 0,
    lostByRst: 0,
    lostOtherwise: 0,
    told: 0,
    reported: 0,
    found: { high: 0, medium: 0, low: 0 },
    missed: 0,
    withdrawnRightly: 0,
    withdrawnWrongly: 0,
    wrong: { high: 0, medium: 0, low: 0 },
    wrongBecause: { closedCleanly: 0, expired: 0, otherReason: 0, notDeclined: 0 },
    /** Of the wrong ones that are not of low confidence: the session expired, and that was named as a rival. */
    wrongButRival: 0,
    wrongCulprit: 0,
    examples: { missed: [], wrong: [], wrongCulprit: [] },
  };
}

function count(row, key, flags) {
  const declined = (flags & DECLINED) !== 0;
  const lost = declined && (flags & LOST_BY_END) !== 0;
  const told = (flags & TOLD) !== 0;
  const confidence = CONFIDENCES[(flags & CONFIDENCE_MASK) >> CONFIDENCE_SHIFT];
  row.declined += Number(declined);
  row.declinedAfterUnclean += Number(declined && (flags & AFTER_UNCLEAN) !== 0);
  row.lost += Number(lost);
  row.lostByFin += Number(lost && (flags & LOST_FIN) !== 0);
  row.lostByRst += Number(lost && (flags & LOST_RST) !== 0);
  row.lostOtherwise += Number(declined && !lost);
  row.told += Number(told);
  row.reported += Number((flags & REPORTED) !== 0);
  if (!told && (flags & EVER_TOLD) !== 0) row[lost ? 'withdrawnWrongly' : 'withdrawnRightly']++;
  if (lost && !told) {
    row.missed++;
    keep(row.examples.missed, key, flags);
  }
  if (!told) return;
  row[lost ? 'found' : 'wrong'][confidence]++;
  if (!lost) {
    const why = reasonAgainst(flags);
    row.wrongBecause[why]++;
    if (confidence !== 'low') {
      keep(row.examples.wrong, key, flags);
      if (why === 'expired' && (flags & RIVAL_EXPIRED) !== 0) row.wrongButRival++;
    }
  } else if ((flags & CULPRIT_FIN) !== 0 ? (flags & LOST_FIN) === 0 : (flags & LOST_RST) === 0) {
    row.wrongCulprit++;
    keep(row.examples.wrongCulprit, key, flags);
  }
}

/** Why what was told is wrong. */
function reasonAgainst(flags) {
  if ((flags & DECLINED) === 0) return 'notDeclined';
  if ((flags & EXPIRED) !== 0) return 'expired';
  return (flags & (AFTER_UNCLEAN | BY_SERVER)) === 0 ? 'closedCleanly' : 'otherReason';
}

const NAMED_FLAGS = {
  DECLINED,
  AFTER_UNCLEAN,
  LOST_FIN,
  LOST_RST,
  LOST_CLEAN,
  EXPIRED,
  EVICTED,
  FAILED,
  TOLD,
  EVER_TOLD,
  CULPRIT_FIN,
  CULPRIT_RST,
};

/** @param list of sessions, by the first digits of their IDs */
function keep(list, key, flags) {
  if (list.length === EXAMPLES) return;
  const names = Object.keys(NAMED_FLAGS).filter((name) => (flags & NAMED_FLAGS[name]) !== 0);
  const confidence = CONFIDENCES[(flags & CONFIDENCE_MASK) >> CONFIDENCE_SHIFT];
  list.push(`${Buffer.from(key, 'latin1').toString('hex')} ${confidence} ${names.join(' ')}`);
}

/** A string of its own, which keeps no line in memory. */
function keyOf(id) {
  return Buffer.from(id.slice(0, KEY_DIGITS), 'hex').toString('latin1');
}
