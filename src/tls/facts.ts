// What is known of one connection when it is over. RFC 5246 7.3 tells full from abbreviated handshakes.
import { ipv4Text } from '../bytes/ip-address.js';
import type { CloseNotify, CloseState, Connection, Handshake, Resumption } from '../model.js';
import type { AddressTable } from '../tcp/address-table.js';
import { type Direction, FlowFlag, sideOf, type TcpConnections, Time } from '../tcp/connections.js';
import { versionName } from '../wire/registry/names.js';
import { alertAnswersData, alertMayAnswerMore, hasOwnFatalAlert, judgeCloses } from './close.js';
import { type Digest, type IssuedTicket, type OfferedPsk, type TlsConnections, unpackPsks } from './connections.js';
import { RecordFlag, SESSION_ID_BYTES, SESSION_IDS, Tls, TlsFlag, TlsTime } from './fields.js';
import { SideView } from './side.js';

// The optimizer folds constants of the module itself, and loads imported ones for each connection.
const Flag = TlsFlag;

/** How one side closed; see SideClose. `frame` 0 stands for none. */
export class SideFacts {
  state: CloseState = 'unknown';
  closeNotify: CloseNotify = 'unknown';
  end: 'fin' | 'rst' | null = null;
  frame = 0;
  time = 0;
}

/** A session ID in place: the bytes of `words[at … at + 8)`, filled up with 0. */
export interface IdFacts {
  words: Int32Array;
  at: number;
  /** Bytes; -1 where no hello was read. */
  length: number;
}

const NO_WORDS = new Int32Array(0);
const NONE: readonly never[] = [];
/** Packets of one machine that are captured on several processors may come out of order by less. */
const MIN_SKEW_SECONDS = 0.0005;
const ID_WORDS = SESSION_ID_BYTES / 4;

/**
 * The flat form of a Connection record: the same facts without an object or text for each of them. One object serves for all
 * connections, one after the other; what it says of a session ID holds until the connection's row is given back.
 */
export class ConnectionFacts {
  stream = 0;
  clientDirection: Direction = 0;
  rolesFrom: 'hello' | 'syn' | 'port' = 'hello';
  isIpv6 = false;
  /** Its address, as a signed 32-bit number; where it is not IPv6. */
  clientIpv4 = 0;
  /** RFC 5952; where it is IPv6. */
  clientIpv6 = '';
  clientPort = 0;
  serverAddress = '';
  serverPort = 0;
  serverName: string | null = null;
  start = 0;
  /** Time of the last packet. */
  end = 0;
  version: string | null = null;
  /** TLS 1.3 or a relative of it, or not to be told from it. */
  isTls13 = false;
  handshake: Handshake = 'unknown';
  /** The server took what was offered, even where the handshake failed later. */
  isAccepted = false;
  resumption: Resumption = 'unknown';
  readonly offeredId: IdFacts = { words: NO_WORDS, at: 0, length: -1 };
  /** Length -1 also where the server issued no session ID of its own. */
  readonly issuedId: IdFacts = { words: NO_WORDS, at: 0, length: -1 };
  /** The session ID of a full handshake whose empty NewSessionTicket says that it resumes nothing (RFC 5077 3.3); length -1 where there is none. */
  readonly voidId: IdFacts = { words: NO_WORDS, at: 0, length: -1 };
  offersTicket = false;
  offersPsk = false;
  offeredTicket: Digest | null = null;
  offeredPsk: readonly OfferedPsk[] = NONE;
  /** Index of the PSK that the server took; -1 for none. */
  selectedPsk = -1;
  /** Those of TLS 1.3 can be seen only where they are decrypted. */
  issuedTickets: readonly IssuedTicket[] = NONE;
  /** Protected records were decrypted, not necessarily all of them. */
  isDecrypted = false;
  resumedBy: Connection['resumedBy'] = null;
  /** A PROXY header named the client behind the TCP peer. */
  isProxied = false;
  maybePadding = false;
  /** The capture has one direction of it. */
  isOneWay = false;
  /** The ClientHello was read to its end. */
  isHelloWhole = false;
  /** The ClientHello was cut before its end: it may offer a ticket as well, beside which its session ID is no offer. */
  isHelloCut = false;
  clientEms = false;
  serverEms = false;
  readonly client = new SideFacts();
  readonly server = new SideFacts();
  first: 'client' | 'server' | null = null;
  hasFatalAlert = false;
  /** The server's protected alert came first and may be close_notify or fatal. */
  hasAmbiguousAlert = false;
  /**
   * That alert, of TLS <= 1.2, most likely is a fatal one: the server had received application data of the client since its own last one.
   * Not where lost bytes leave that open. TLS 1.3 hides which of the client's records are application data.
   */
  hasLikelyFatalAlert = false;
  /** The client ended without close_notify, and then the server sent an alert: most likely a fatal one. */
  hasAlertAfterEnd = false;
  /** Frames and times of the hellos; 0 where there is none. */
  clientHello = 0;
  serverHello = 0;
  clientHelloTime = 0;
  serverHelloTime = 0;
  /** See Connection; -1 where it is not known. */
  handshakeSeconds = -1;
  /** Frame and time of what shows whether an offer was accepted: the ServerHello, or the client's Finished where the capture lacks it. */
  answer = 0;
  answerTime = 0;
  /**
   * Above 0: the client's side has times that are later than possible by at least so many seconds, below 0 earlier, as the ServerHello
   * came before the ClientHello, or after the Finished that answers it. 0 where nothing of that kind is to be seen.
   */
  skewSeconds = 0;
  missingBytes = 0;
  cipherSuite = 0;
  /** Number of the client's fingerprint; 0: none. */
  fingerprint = 0;
  readonly #clientView = new SideView();
  readonly #serverView = new SideView();

  read(tcp: TcpConnections, tls: TlsConnections, addresses: AddressTable, connection: number): this {
    const { ints, floats } = tls.rows;
    const flags = tls.flags(connection);
    this.stream = tcp.stream(connection);
    this.#readRoles(tcp, tls, connection);
    this.#readEndpoints(tcp, addresses, connection);
    this.isOneWay = !tcp.hasBothDirections(connection);
    this.serverName = tls.serverName(connection);
    this.start = tcp.start(connection);
    this.end = floats[(connection >> 1) + Time.LAST];
    this.offersTicket = (flags & Flag.OFFERS_TICKET) !== 0;
    this.offersPsk = (flags & Flag.OFFERS_PSK) !== 0;
    this.maybePadding = (flags & Flag.OFFERS_TLS13) !== 0;
    this.isHelloWhole = (flags & Flag.CLIENT_HELLO_WHOLE) !== 0;
    this.isHelloCut = !this.isHelloWhole && (flags & (Flag.CLIENT_HELLO | Flag.CLIENT_HELLO_CUT)) !== 0;
    this.clientEms = (flags & Flag.CLIENT_EMS) !== 0;
    this.serverEms = (flags & Flag.SERVER_EMS) !== 0;
    this.clientHello = flags & Flag.CLIENT_HELLO ? ints[connection + Tls.CLIENT_HELLO_FRAME] : 0;
    this.cipherSuite = flags & Flag.SERVER_HELLO ? ints[connection + Tls.CIPHER_SUITE] : 0;
    this.fingerprint = ints[connection + Tls.FINGERPRINT];
    this.clientHelloTime = floats[(connection >> 1) + TlsTime.CLIENT_HELLO];
    this.answer = flags & (Flag.SERVER_HELLO | Flag.CLIENT_FINISHED_TLS12) ? ints[connection + Tls.SERVER_HELLO_FRAME] : 0;
    this.answerTime = this.answer > 0 ? floats[(connection >> 1) + TlsTime.SERVER_HELLO] : 0;
    this.serverHello = flags & Flag.SERVER_HELLO ? this.answer : 0;
    this.serverHelloTime = this.serverHello > 0 ? this.answerTime : 0;
    const client = this.#clientView;
    const server = this.#serverView;
    const isTls13 = (flags & Flag.TLS13) !== 0;
    client.read(tcp, connection, sideOf(connection, this.clientDirection), isTls13);
    server.read(tcp, connection, sideOf(connection, this.clientDirection === 0 ? 1 : 0), isTls13);
    this.#readExtras(tls, connection);
    this.missingBytes = client.missingBytes + server.missingBytes;
    // Certificates and alerts are not seen as such in TLS 1.3.
    const isTls12 =
      !isTls13 && ((flags & (Flag.FULL | Flag.CLIENT_FINISHED_TLS12)) !== 0 || client.hasProtectedAlert || server.hasProtectedAlert);
    const version = ints[connection + Tls.VERSION];
    const isSeen = version > 0 || (flags & Flag.SERVER_HELLO_WHOLE) !== 0;
    const isAmbiguous = (flags & Flag.MAYBE_TLS13) !== 0 && !isTls12;
    this.isTls13 = isTls13 || isAmbiguous;
    // Records after the hellos carry the version that was agreed on (RFC 5246 6.2.1).
    this.version = isSeen && !isAmbiguous ? versionName(version) : null;
    const isCompleted = client.hasFinished && server.hasFinished;
    judgeCloses(client, server, isTls13 || isTls12 || (isSeen && !isAmbiguous), isCompleted, this);
    this.#readIds(tls, connection);
    this.#judgeHandshake(tcp, connection, flags, isCompleted);
    this.#judgeResumption(flags);
    this.resumedBy = this.#resumedBy(isTls13);
    this.hasFatalAlert = hasOwnFatalAlert(client, server, this.server) || hasOwnFatalAlert(server, client, this.client);
    this.hasAlertAfterEnd =
      this.client.state === 'unclean' && (server.flags & RecordFlag.HAS_ALERT) !== 0 && server.alertFrame > this.client.frame;
    const isFirst = this.first === 'server' && server.mayBeFatal;
    const isLost = this.first === null && this.client.state === 'unclean' && client.hasAcknowledgedLostAlert(server);
    const isAboutData = this.hasAlertAfterEnd && alertMayAnswerMore(server, client);
    this.hasAmbiguousAlert = this.server.closeNotify === 'unknown' && (isFirst || isLost || isAboutData);
    this.hasLikelyFatalAlert = this.hasAmbiguousAlert && isFirst && isCompleted && !this.isTls13 && alertAnswersData(server, client);
    const finishedAfter = ints[connection + Tls.FINISHED_AFTER];
    this.handshakeSeconds = isCompleted && finishedAfter > 0 ? (finishedAfter - 1) / 1e6 : -1;
    this.skewSeconds = this.clientHello > 0 && this.serverHello > 0 ? this.#skew(finishedAfter) : 0;
    return this;
  }

  get clientAddress(): string {
    return this.isIpv6 ? this.clientIpv6 : ipv4Text(this.clientIpv4);
  }

  /** @param finishedAfter see {@link Tls} */
  #skew(finishedAfter: number): number {
    const answered = this.serverHelloTime - this.clientHelloTime;
    if (answered < -MIN_SKEW_SECONDS) return -answered;
    const early = finishedAfter > 0 ? (finishedAfter - 1) / 1e6 - answered : 0;
    return early < -MIN_SKEW_SECONDS ? early : 0;
  }

  #readExtras(tls: TlsConnections, connection: number): void {
    const extras = tls.extras(connection);
    this.offeredTicket = extras?.offeredTicket ?? null;
    this.offeredPsk = extras?.offeredPsk ? unpackPsks(extras.offeredPsk) : NONE;
    this.selectedPsk = extras?.selectedPsk ?? -1;
    this.issuedTickets = extras?.issuedTickets ?? NONE;
    this.isProxied = extras !== undefined && extras.proxiedClient !== null;
    this.isDecrypted = tls.has(connection, Flag.DECRYPTED);
  }

  #resumedBy(isTls13: boolean): Connection['resumedBy'] {
    if (this.resumption !== 'resumed') return null;
    if (isTls13) return 'psk';
    if (this.offersTicket) return 'ticket';
    // A ticket may stand in what is missing of the ClientHello, and its session ID be the client's own invention (RFC 5077 3.4).
    return this.isHelloWhole ? 'session-id' : null;
  }

  /** Who is the client: by the hellos, else by the SYN, else the side with the higher port. */
  #readRoles(tcp: TcpConnections, tls: TlsConnections, connection: number): void {
    const byHello = tls.client(connection);
    const bySyn = byHello === null ? tcp.synDirection(connection) : null;
    this.rolesFrom = byHello !== null ? 'hello' : bySyn !== null ? 'syn' : 'port';
    this.clientDirection = byHello ?? bySyn ?? (tcp.port(connection, 0) > tcp.port(connection, 1) ? 0 : 1);
  }

  #readEndpoints(tcp: TcpConnections, addresses: AddressTable, connection: number): void {
    this.isIpv6 = (tcp.flags(connection) & FlowFlag.IPV6) !== 0;
    const server: Direction = this.clientDirection === 0 ? 1 : 0;
    const client = tcp.address(connection, this.clientDirection);
    if (this.isIpv6) this.clientIpv6 = addresses.text(client, true);
    else this.clientIpv4 = client;
    this.clientPort = tcp.port(connection, this.clientDirection);
    this.serverAddress = addresses.text(tcp.address(connection, server), this.isIpv6);
    this.serverPort = tcp.port(connection, server);
  }

  /** Issued is what the server chose itself: not an echo, and not where an empty ticket says that nothing was (RFC 5077 3.3). */
  #readIds(tls: TlsConnections, connection: number): void {
    const { ints } = tls.rows;
    const lengths = ints[connection + Tls.ID_LENGTHS_AND_PSK_MODES];
    this.offeredId.words = this.issuedId.words = this.voidId.words = ints;
    this.offeredId.at = connection + SESSION_IDS;
    this.offeredId.length = (lengths & 0xff) - 1;
    this.issuedId.at = this.voidId.at = connection + SESSION_IDS + ID_WORDS;
    this.issuedId.length = this.isTls13 ? -1 : ((lengths >>> 8) & 0xff) - 1;
  }

  #judgeHandshake(tcp: TcpConnections, connection: number, flags: number, isCompleted: boolean): void {
    const isEcho = this.issuedId.length > 0 && isSameId(this.offeredId, this.issuedId);
    this.isAccepted = false;
    const hasEnded = this.client.frame > 0 || this.server.frame > 0;
    if (flags & Flag.SERVER_HELLO) {
      const kind = this.isTls13 ? kindOfTls13(flags) : this.#kind(flags, isEcho);
      this.isAccepted = kind === 'resumed';
      // The capture may end before the handshake: the server's messages have told by then which of the two it is.
      const lacksBytes = this.missingBytes > 0 || this.isOneWay;
      if (isCompleted || (lacksBytes && !this.#wasBroken())) this.handshake = kind ?? 'unknown';
      else this.handshake = hasEnded ? 'failed' : (kind ?? 'incomplete');
    } else if (flags & Flag.CLIENT_FINISHED_TLS12) {
      const kind = this.#kindByClient(flags);
      this.isAccepted = kind === 'resumed';
      // A client sends Finished last in an abbreviated handshake; in a full one the server's is to come, and shows in what follows it.
      const isOver = kind === 'resumed' || isCompleted || (this.#clientView.flags & RecordFlag.PROTECTED) !== 0;
      this.handshake = isOver ? (kind ?? 'unknown') : 'unknown';
    } else {
      const sawAll =
        flags & Flag.CLIENT_HELLO && this.missingBytes === 0 && tcp.synDirection(connection) !== null && tcp.hasBothDirections(connection);
      if (!sawAll || isCompleted) this.handshake = 'unknown';
      else this.handshake = hasEnded ? 'failed' : 'incomplete';
    }
    // A ticket that was promised and not seen may have been empty, which voids the ID as well (RFC 5077 3.3).
    const isVoid = flags & Flag.EMPTY_TICKET || (flags & (Flag.PROMISES_TICKET | Flag.TICKET)) === Flag.PROMISES_TICKET;
    const isIssued = this.handshake !== 'resumed' && this.handshake !== 'unknown' && !isEcho && !isVoid;
    const isKnownVoid = flags & Flag.EMPTY_TICKET && this.handshake === 'full' && this.issuedId.length > 0 && !isEcho;
    this.voidId.length = isKnownVoid ? this.issuedId.length : -1;
    if (!isIssued) this.issuedId.length = -1;
  }

  /** Whether one side certainly did not finish: its last word is an alert in clear, or all of it was seen up to its end. */
  #wasBroken(): boolean {
    return this.#clientView.isBroken || this.#serverView.isBroken;
  }

  /** Full or abbreviated, as far as the ServerHello and what the server sent after it tell; null when they do not. */
  #kind(flags: number, isEcho: boolean): 'full' | 'resumed' | null {
    if (flags & Flag.FULL) return 'full';
    const server = this.#serverView.flags;
    const isAbbreviated = server & RecordFlag.CHANGE_CIPHER_SPEC && !(server & RecordFlag.GAP_IN_HANDSHAKE);
    if (isEcho || (isAbbreviated && (this.offersTicket || !(flags & Flag.CLIENT_HELLO)))) return 'resumed';
    if (this.#kindByClient(flags) === 'resumed') return 'resumed';
    // Some of the server's messages are missing. Another ID than the offered one means a full handshake, unless a ticket was taken.
    const isRefused = flags & Flag.CLIENT_HELLO_WHOLE && !this.offersTicket && !isAbbreviated && this.issuedId.length >= 0;
    return isRefused ? 'full' : null;
  }

  /** The same by what the client sent: in TLS <= 1.2 only an abbreviated handshake has no ClientKeyExchange before its ChangeCipherSpec. */
  #kindByClient(flags: number): 'full' | 'resumed' | null {
    if (flags & Flag.FULL) return 'full';
    if (!(flags & Flag.CLIENT_FINISHED_TLS12) || !this.#clientView.lacksNoMessage((flags & Flag.CLIENT_HELLO) !== 0)) return null;
    const mayOffer = !(flags & Flag.CLIENT_HELLO_WHOLE) || this.offersTicket || this.offeredId.length > 0;
    return mayOffer ? 'resumed' : null;
  }

  #judgeResumption(flags: number): void {
    const { handshake } = this;
    const isWhole = (flags & Flag.CLIENT_HELLO_WHOLE) !== 0;
    const offersNothing = this.offeredId.length <= 0 && !this.offersTicket && !this.offersPsk;
    if (this.isAccepted) this.resumption = 'resumed';
    else if (!(flags & Flag.CLIENT_HELLO)) this.resumption = 'unknown';
    else if (this.isTls13) this.resumption = this.#resumptionOfTls13(flags, isWhole);
    else if (offersNothing) this.resumption = isWhole ? 'not-offered' : 'unknown';
    else if (!(flags & Flag.SERVER_HELLO) && handshake !== 'full') this.resumption = this.#mayBeAnswered() ? 'unknown' : 'unanswered';
    else if (!isWhole || (!this.offersTicket && (this.maybePadding || this.offersPsk))) this.resumption = 'unknown';
    else this.resumption = handshake === 'full' || (handshake === 'failed' && flags & Flag.FULL) ? 'declined' : 'unknown';
  }

  /** A ServerHello may be among what the capture does not hold. */
  #mayBeAnswered(): boolean {
    return this.missingBytes > 0 || this.handshake === 'unknown';
  }

  /** A legacy session ID is no offer in TLS 1.3, and a ticket of an older version was not asked for. */
  #resumptionOfTls13(flags: number, isWhole: boolean): Resumption {
    if (!(flags & Flag.SERVER_HELLO_WHOLE) || !isWhole || this.handshake === 'unknown') return 'unknown';
    if (this.offersPsk) return 'declined';
    return this.offersTicket ? 'unknown' : 'not-offered';
  }
}

/** RFC 8446 2.2: the server names the PSK that it took. Drafts without extensions in their ServerHello do not tell. */
function kindOfTls13(flags: number): 'full' | 'resumed' | null {
  if (flags & Flag.SELECTED_PSK) return 'resumed';
  return flags & Flag.SERVER_HELLO_WHOLE && !(flags & Flag.MAYBE_TLS13) ? 'full' : null;
}

function isSameId(a: IdFacts, b: IdFacts): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < ID_WORDS; i++) if (a.words[a.at + i] !== b.words[b.at + i]) return false;
  return true;
}
