export { type AnalyzeOptions, analyze, readConnections } from './analyze.js';
export { Analyzer, type AnalyzerOptions } from './analyzer.js';
export { InputError, type InputErrorCode } from './capture/input-error.js';
export { CaptureError, type CaptureErrorCode } from './capture/live/capture-error.js';
export type { CaptureInput, NamedStream, ReadProgress } from './capture/read.js';
export { KeyLogError } from './decryption/key-log-file.js';
export { DEFAULT_LIMITS, LIVE_LIMITS, type Limits } from './limits.js';
export { Capture, type CaptureOptions, capture } from './live/capture.js';
export type { CaptureEvent, FindingEvent, LiveStatistics } from './live-model.js';
export type {
  Alert,
  CaptureInfo,
  CaptureSource,
  Cause,
  CauseCount,
  ClientKind,
  ClientRef,
  CloseNotify,
  CloseState,
  Comparison,
  Connection,
  Decline,
  EndEffect,
  Endpoint,
  Finding,
  Fingerprint,
  Handshake,
  HandshakeCounts,
  Interval,
  Issued,
  LeftOut,
  NonOfferingClient,
  Offered,
  Quality,
  Ref,
  Report,
  Resumption,
  ServerReport,
  Session,
  Side,
  SideClose,
  Tally,
  Totals,
  UncleanClose,
  Verdict,
  Warning,
} from './model.js';
export type { Decryption, Negotiated, Plain, RecordDecryptor } from './tls/decryption.js';
