/** Widths, wrapping and number formats of text for a terminal. No line that comes from here is wider than asked for. */
import { escapeText } from '../bytes/escape.js';
import type { Endpoint } from '../model.js';

/** Longest foreign string (server name, file name, message) that is shown, in characters; more ends in `…`. */
const MAX_FOREIGN_CHARACTERS = 1000;

/** Text from a packet or a file name, on one line, safe for a terminal, at most `columns` wide. */
export function foreign(text: string, columns: number = MAX_FOREIGN_CHARACTERS): string {
  return elide(escapeText(text, MAX_FOREIGN_CHARACTERS), columns);
}

/**
 * Columns that the text takes at most. Every character from U+1100 on counts as two, except the signs written here:
 * the first wide ones are the Hangul Jamo (UAX 11), and too high a count only costs a column.
 */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

/** The text in at most `columns`, its end replaced by `…` where it is longer. */
export function elide(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let kept = '';
  let used = 1;
  for (const character of text) {
    used += columnsOfCharacter(character);
    if (used > columns) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Breaks text at blanks into lines of at most `columns`; a longer word is cut. There is always at least one line. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(/\s+/)) {
    for (const part of cutWord(word, columns)) {
      const width = columnsOf(part);
      if (line === '') {
        line = part;
        used = width;
      } else if (used + 1 + width <= columns) {
        line += ` ${part}`;
        used += 1 + width;
      } else {
        lines.push(line);
        line = part;
        used = width;
      }
    }
  }
  lines.push(line);
  return lines;
}

/** Wraps after a label: the first line begins with it, the others are indented as deep. */
export function wrapLabelled(label: string, text: string, columns: number): string[] {
  const indent = ' '.repeat(columnsOf(label));
  return wrap(text, columns - indent.length).map((line, i) => (i === 0 ? label : indent) + line);
}

/** `3 sessions`, `1 session`. */
export function counted(count: number, noun: string, plural: string = `${noun}s`): string {
  return `${figure(count)} ${count === 1 ? noun : plural}`;
}

/** A count with its thousands marked from 10,000 on. `toLocaleString` would do it, and read 5 MiB about all languages. */
export function figure(count: number): string {
  return count < 10_000 ? String(count) : String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Events per second, with two digits where they are few. */
export function rate(perSecond: number): string {
  return perSecond >= 10 ? figure(Math.round(perSecond)) : String(Number(perSecond.toPrecision(2)));
}

/** Bytes in decimal units, as Wireshark writes them. */
export function byteFigure(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

export function endpointText(endpoint: Endpoint): string {
  return endpoint.address.includes(':') ? `[${endpoint.address}]:${endpoint.port}` : `${endpoint.address}:${endpoint.port}`;
}

/** Unix seconds as UTC in ISO 8601 with microseconds; what no calendar holds stays a number of seconds. */
export function utc(time: number): string {
  const microseconds = Math.round((time - Math.floor(time)) * 1e6);
  const seconds = Math.floor(time) + (microseconds === 1e6 ? 1 : 0);
  if (!(Math.abs(seconds) <= MAX_DATE_SECONDS)) return `${time} s`;
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}.${String(microseconds % 1e6).padStart(6, '0')}Z`;
}

/** Seconds from `origin` to `time`, signed, with microseconds: `+0.012146`. */
export function since(origin: number, time: number): string {
  const difference = (time - origin).toFixed(6);
  return difference.startsWith('-') ? difference : `+${difference}`;
}

/** Range of a Date, ECMA-262 21.4.1.1. */
const MAX_DATE_SECONDS = 8.64e12;

function columnsOfCharacter(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code >= FIRST_COMBINING && code <= LAST_COMBINING) return 0;
  if (code < 0x1100 || code === ELLIPSIS || code === RULE || code === ARROW) return 1;
  return 2;
}

/** Combining Diacritical Marks. */
const FIRST_COMBINING = 0x300;
const LAST_COMBINING = 0x36f;
const ELLIPSIS = 0x2026;
const RULE = 0x2500;
const ARROW = 0x2192;

function cutWord(word: string, columns: number): string[] {
  if (columnsOf(word) <= columns) return [word];
  const parts: string[] = [];
  let part = '';
  let used = 0;
  for (const character of word) {
    const width = columnsOfCharacter(character);
    if (used + width > columns && part !== '') {
      parts.push(part);
      part = '';
      used = 0;
    }
    part += character;
    used += width;
  }
  if (part !== '') parts.push(part);
  return parts;
}
