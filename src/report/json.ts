import { INVISIBLE } from '../bytes/escape.js';
import type { Report } from '../model.js';

/**
 * The whole report as JSON, indented by two blanks, as pieces: one for each element of the top-level arrays, so that the text
 * of a large report is never held at once. The last piece ends the line.
 */
export function* json(report: Report): Generator<string> {
  let separator = '{\n';
  for (const [key, value] of Object.entries(report)) {
    yield `${separator}  ${JSON.stringify(key)}: `;
    if (Array.isArray(value) && value.length > 0) yield* array(value);
    else yield indented(value, '  ');
    separator = ',\n';
  }
  yield '\n}\n';
}

/** One value on one line, safe to print: what steers a terminal is written as `\uXXXX`, which stands for the same string. */
export function jsonLine(value: unknown): string {
  return printable(JSON.stringify(value));
}

function* array(values: readonly unknown[]): Generator<string> {
  let separator = '[\n';
  for (const value of values) {
    yield `${separator}    ${indented(value, '    ')}`;
    separator = ',\n';
  }
  yield '\n  ]';
}

function indented(value: unknown, indent: string): string {
  return printable(JSON.stringify(value, null, 2)).replaceAll('\n', `\n${indent}`);
}

/** JSON.stringify escapes C0 controls and lone surrogates; what else steers a terminal or is not seen goes through it. */
function printable(text: string): string {
  return text.replace(STEERING, (character) => {
    let escapes = '';
    for (let i = 0; i < character.length; i++) escapes += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    return escapes;
  });
}

const STEERING = new RegExp(`[\\u007f-\\u009f${INVISIBLE}]`, 'gu');
