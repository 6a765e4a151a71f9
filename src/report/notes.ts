/** What was read, and what stands between it and a sure verdict: the end of the table. */
import type { CaptureInfo, CaptureSource, Warning } from '../model.js';
import type { Paint } from './paint.js';
import { byteFigure, counted, figure, foreign, utc, wrapLabelled } from './text.js';

/** Sources listed one by one unless all were asked for. */
const MAX_SOURCES = 10;
const MAX_NAME_COLUMNS = 240;
const MAX_LINK_TYPE_COLUMNS = 40;
/** Longest IPv4 packet (RFC 791 3.1): a snap length from here on cuts nothing that matters. */
const UNLIMITED_SNAP_LENGTH = 65_535;

export function* noteLines(capture: CaptureInfo, tlsConnections: number, width: number, all: boolean, paint: Paint): Generator<string> {
  yield paint('title', 'Capture');
  if (capture.sources.length === 0) yield '  nothing was read';
  const shown = all ? capture.sources : capture.sources.slice(0, MAX_SOURCES);
  let first = 1;
  for (const source of shown) {
    // Frames are numbered through all sources, as in the file that mergecap -a makes of them.
    const range = capture.sources.length > 1 && source.frames > 0 ? `, here #${first} to #${first + source.frames - 1}` : '';
    yield* wrapLabelled('  ', `${sourceText(source)}${range}`, width);
    first += source.frames;
  }
  const rest = capture.sources.length - shown.length;
  if (rest > 0) yield* wrapLabelled('  ', `… and ${counted(rest, 'more source')}: see them with --all or --format json`, width);
  const { firstTime, lastTime } = capture;
  if (firstTime !== null && lastTime !== null) {
    yield* wrapLabelled('  ', `${utc(firstTime)} to ${utc(lastTime)} (${(lastTime - firstTime).toFixed(3)} s)`, width);
  }
  if (capture.decryptedConnections > 0)
    yield* wrapLabelled(
      '  ',
      `keys: ${figure(capture.decryptedConnections)} of ${counted(tlsConnections, 'TLS connection')} decrypted`,
      width,
    );
  for (const words of lackWords(capture)) yield* wrapLabelled('  ', words, width);
  if (capture.warnings.length === 0) return;
  yield '';
  yield paint('title', 'Warnings');
  for (const warning of capture.warnings) {
    yield* wrapLabelled('  - ', warningText(warning), width).map((line) => paint('warning', line));
  }
}

function sourceText(source: CaptureSource): string {
  const isLive = source.format === 'live';
  const parts = [
    isLive ? 'live, times of arrival' : source.format,
    ...source.linkTypes.map((t) => foreign(t, MAX_LINK_TYPE_COLUMNS)),
    counted(source.frames, 'frame'),
    byteFigure(source.bytes),
  ];
  if (source.snapLength !== null && source.snapLength < UNLIMITED_SNAP_LENGTH) parts.push(`frames cut at ${source.snapLength} bytes`);
  if (source.dropped !== null) parts.push(droppedText(source.dropped, isLive));
  if (source.truncated) parts.push('DAMAGED: not read to its end');
  return `${foreign(source.name, MAX_NAME_COLUMNS)}: ${parts.join(', ')}`;
}

/** Where this program captures, it knows what it dropped itself, and nothing of the kernel. */
function droppedText(dropped: number, isLive: boolean): string {
  const count = dropped === 0 ? 'none dropped' : `${figure(dropped)} DROPPED, and what they held is missing`;
  return isLive ? `${count} (those that the kernel dropped are not known)` : `${count} by the capture`;
}

function warningText(warning: Warning): string {
  const times = warning.count > 1 ? `${warning.count} times` : '';
  const where = warning.frame === null ? '' : `${warning.count > 1 ? 'first in ' : ''}frame #${warning.frame}`;
  const place = [times, where].filter((part) => part !== '').join(', ');
  return `${foreign(warning.message)} [${foreign(warning.code)}${place === '' ? '' : `; ${place}`}]`;
}

/** What the capture lacks, and how to get one that does not. */
function lackWords({ quality, incompleteConnections: incomplete }: CaptureInfo): string[] {
  const { missingBytes, truncatedFrames, midstreamConnections, oneWayConnections, neverEndedConnections } = quality;
  const words: string[] = [];
  const have = (count: number, what: string) => words.push(`${counted(count, 'TLS connection')} ${what}`);
  if (incomplete > oneWayConnections && missingBytes > 0) {
    const why =
      truncatedFrames > 0
        ? `${counted(truncatedFrames, 'frame')} cut short; capture whole packets (-s 0)`
        : 'lost by the capture, or left out by a filter; capture whole packets (-s 0), with a larger buffer (-B)';
    have(incomplete, `with bytes missing (${byteFigure(missingBytes)}): ${why}`);
  }
  if (oneWayConnections > 0)
    have(oneWayConnections, 'seen in one direction only; capture where both ways pass, or give the files of both ways together');
  if (midstreamConnections > 0) have(midstreamConnections, 'begun before the capture; sessions issued there are not known');
  if (neverEndedConnections > 0) have(neverEndedConnections, 'not ended within the capture; capture for longer, and FIN and RST as well');
  return words;
}
