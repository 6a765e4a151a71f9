// Values of options that several commands have. A string is what is wrong.
import { escapeText } from '../bytes/escape.js';
import { canonicalAddress } from '../selection/address-range.js';

export interface WantedServer {
  address: string;
  /** Null: all ports. */
  port: number | null;
}

/** `10.0.0.5`, `10.0.0.5:443`, `fd00::5`, `[fd00::5]`, `[fd00::5]:443`. */
export function parseServer(text: string | undefined): WantedServer | string | null {
  if (text === undefined) return null;
  const bracketed = /^\[([^\]]*)\](?::(\d{1,5}))?$/.exec(text);
  const dotted = /^([\d.]+):(\d{1,5})$/.exec(text);
  const [, host, port] = bracketed ?? dotted ?? [text, text, undefined];
  const address = canonicalAddress(host);
  const number = port === undefined ? null : Number(port);
  if (address === null || (bracketed !== null && !address.includes(':')) || (number !== null && (number < 1 || number > 65_535))) {
    return `--server ${escapeText(text)}: expected an IP address, ADDR:PORT or [IPv6]:PORT`;
  }
  return { address, port: number };
}

/** Milliseconds. */
export function parseHandshakeCost(text: string | undefined): number | string | null {
  if (text === undefined) return null;
  if (/^\d{1,6}(\.\d{1,6})?$/.test(text)) return Number(text);
  return `--handshake-cost ${escapeText(text)}: expected milliseconds, 0 to 999999, such as 1.5`;
}

/** `90`, `90s`, `1.5m`, `2h`, `1h30m`, `7d`: seconds. @param option for the message */
export function parseTime(text: string | undefined, option: string): number | string | null {
  if (text === undefined) return null;
  const parts = [...text.matchAll(/(\d{1,9}(?:\.\d{1,6})?)([smhd]?)/gy)];
  const isWhole = parts.reduce((length, [part]) => length + part.length, 0) === text.length;
  const hasUnits = parts.length < 2 || parts.every(([, , unit]) => unit !== '');
  const seconds = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit] ?? 1), 0);
  if (isWhole && hasUnits && seconds > 0 && seconds <= MAX_SECONDS) return seconds;
  return `--${option} ${escapeText(text)}: expected a time such as 60s, 10m, 2h or 1h30m, 24 days at most`;
}

/** Timers of Node end at 2^31 milliseconds. */
const MAX_SECONDS = 24 * 86_400;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A whole number from 1 on. @param option for the message */
export function parseCount(text: string | undefined, option: string, most: number): number | string | null {
  if (text === undefined) return null;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= most ? number : `--${option} ${escapeText(text)}: expected a whole number from 1 to ${most}`;
}
