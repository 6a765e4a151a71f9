/** What was read, and what stands between it and a sure verdict: the end of the table. */
import type { CaptureInfo } from '../model.js';
import { lackWords, sourceText, warningText } from './capture-words.js';
import type { Paint } from './paint.js';
import { counted, figure, utc, wrapLabelled } from './text.js';

/** Sources listed one by one unless all were asked for. */
const MAX_SOURCES = 10;

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
