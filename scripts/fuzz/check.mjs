// What must hold for any bytes: a report that fits its schema and can be printed, or an error that is documented.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { analyze, readConnections, toJson, toNdjson, toTable } from 'closenotify';

const schema = JSON.parse(readFileSync(new URL('../../schema/report.v1.json', import.meta.url), 'utf8'));
const fits = new Ajv({ strictTuples: false }).compile(schema);

/** What steers a terminal: control characters but for the line feed, and marks of direction. */
const STEERING = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

/**
 * @param {Uint8Array} bytes a capture, or none
 * @param {readonly Uint8Array[]} keyLogs
 * @returns {Promise<'report' | 'error'>} rejected where something does not hold
 */
export async function check(bytes, keyLogs) {
  const report = await analyze({ name: 'input', stream: pieces(bytes) }, { keep: 'all', keyLog: keyLogs }).catch((error) => {
    if (error.name === 'InputError') return null;
    throw error;
  });
  if (report === null) return 'error';
  const json = [...toJson(report)].join('');
  if (!fits(JSON.parse(json))) throw new Error(`the report does not fit its schema: ${JSON.stringify(fits.errors)}`);
  for (const text of [[...toTable(report, { all: true })].join(''), [...toNdjson(report)].join('')]) {
    const steering = STEERING.exec(text);
    if (steering !== null) throw new Error(`a report with the character ${steering[0].codePointAt(0)}`);
  }
  // Of damaged gzip as much is read as zlib gives back, and that depends on the pieces that it gets.
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'report';
  let connections = 0;
  for await (const { stream } of readConnections(bytes)) connections += stream >= 0 ? 1 : 0;
  if (connections !== report.totals.tlsConnections)
    throw new Error(`${connections} connections, and ${report.totals.tlsConnections} in the report`);
  return 'report';
}

/** In pieces of odd sizes, as streams come. */
async function* pieces(bytes) {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 65_521) yield bytes.subarray(at, at + size);
}
