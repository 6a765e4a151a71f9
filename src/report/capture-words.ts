/** What was read, and what it lacks, in words. */
import type { CaptureInfo, CaptureSource, Warning } from '../model.js';
import { byteFigure, counted, figure, foreign } from './text.js';

const MAX_NAME_COLUMNS = 240;
const MAX_LINK_TYPE_COLUMNS = 40;
/** Longest IPv4 packet (RFC 791 3.1): a snap length from here on cuts nothing that matters. */
const UNLIMITED_SNAP_LENGTH = 65_535;

/** `a.pcap: pcap, ETHERNET, 9 frames, 439.6 kB` */
export function sourceText(source: CaptureSource): string {
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

/** `16 frames were skipped [code; 3 times, first in frame #7]` */
export function warningText(warning: Warning): string {
  const times = warning.count > 1 ? `${warning.count} times` : '';
  const where = warning.frame === null ? '' : `${warning.count > 1 ? 'first in ' : ''}frame #${warning.frame}`;
  const place = [times, where].filter((part) => part !== '').join(', ');
  return `${foreign(warning.message)} [${foreign(warning.code)}${place === '' ? '' : `; ${place}`}]`;
}

/** What the capture lacks, and how to get one that does not. */
export function lackWords({ quality, incompleteConnections: incomplete }: CaptureInfo): string[] {
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
