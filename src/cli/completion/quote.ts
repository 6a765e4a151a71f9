import type { Option } from '../options.js';

/** A word of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function takesFile({ value = '' }: Option): boolean {
  return value.startsWith('FILE');
}

/** `-f`, `--format`. */
export function spellings({ name, short }: Option): string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${name}`];
}
