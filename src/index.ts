/**
 * Packet captures in, a {@link Report} out: which TLS sessions a server invalidated after an unclean close. Importing it loads next to nothing: what
 * is used is loaded when it is used.
 *
 * @module closenotify
 */

export { Analyzer, analyze, capture, readConnections, toHtml, toTable, writeEvidence } from '#functions';
export type { AnalyzeOptions, Filter, ReadConnectionsOptions } from './analyze.js';
export type { AnalyzerOptions, ServerAddress } from './analyzer.js';
export { ArgumentError } from './argument-error.js';
export type { ByteStream, WebStream, WebStreamReader } from './capture/byte-source.js';
export type { FrameSink } from './capture/frame-sink.js';
export { InputError, type InputErrorCode } from './capture/input-error.js';
export { CaptureError, type CaptureErrorCode } from './capture/live/capture-error.js';
export type { CapLike, CapSource, CaptureInput, NamedStream, PcapParserLike, ReadProgress } from './capture/read.js';
export { KeyLogError } from './decryption/key-log-error.js';
export type { Evidence, EvidenceOptions } from './evidence.js';
export { DEFAULT_LIMITS, LIVE_LIMITS, type Limits } from './limits.js';
export type { Capture, CaptureOptions } from './live/capture.js';
export type {
  CaptureEvent,
  ConnectionEvent,
  FindingEvent,
  FoundEvent,
  LiveStatistics,
  ReportEvent,
  StatisticsEvent,
  TableSizes,
  WithdrawnEvent,
} from './live-model.js';
export type {
  Alert,
  CaptureInfo,
  CaptureQuality,
  CaptureSource,
  Cause,
  CauseCount,
  ClientKind,
  ClientRef,
  CloseNotify,
  CloseState,
  Comparison,
  Connection,
  Count,
  Decline,
  EndEffect,
  Endpoint,
  Finding,
  Fingerprint,
  FirstDecline,
  FrameNumber,
  Handshake,
  HandshakeCounts,
  Hex,
  Interval,
  Issued,
  LeftOut,
  NonOfferingClient,
  Offer,
  Offered,
  Offers,
  OtherFrames,
  OtherProtocol,
  Port,
  Probability,
  Quality,
  Ref,
  Report,
  Resumed,
  Resumption,
  Seconds,
  ServerReport,
  Session,
  SessionName,
  Side,
  SideClose,
  StreamNumber,
  Tally,
  Time,
  Totals,
  UncleanClose,
  Verdict,
  Warning,
} from './model.js';
export { EvidenceError } from './report/evidence-capture/error.js';
export type { HtmlOptions } from './report/html/html.js';
export { json as toJson } from './report/json.js';
export { ndjson as toNdjson } from './report/ndjson.js';
export type { TableOptions } from './report/table.js';
export type { Selection } from './selection/select.js';
export type { Decryption, Negotiated, Plain, RecordDecryptor } from './tls/decryption.js';
export type { WarningCode } from './warning-codes.js';
