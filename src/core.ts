/**
 * The part that runs without Node, in browsers and workers. All types of a report can be imported from `closenotify`: types load nothing.
 *
 * @module closenotify/core
 */

export { type AnalyzeBytesOptions, analyzeBytes } from './analyze-bytes.js';
export { Analyzer, type AnalyzerOptions, type ServerAddress } from './analyzer.js';
export { ArgumentError } from './argument-error.js';
export type { ByteStream, WebStream, WebStreamReader } from './capture/byte-source.js';
export { InputError, type InputErrorCode } from './capture/input-error.js';
export { DEFAULT_LIMITS, type Limits } from './limits.js';
export type { Report } from './model.js';
export { json as toJson } from './report/json.js';
export { ndjson as toNdjson } from './report/ndjson.js';
export type { Decryption, Negotiated, Plain, RecordDecryptor } from './tls/decryption.js';
