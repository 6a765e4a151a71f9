/** HTML in pieces: whatever is put into a template is text, and cannot become markup. */
import { escapeText } from '../../bytes/escape.js';

/** HTML that was made by {@link html}. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: text and numbers are escaped, null is nothing. */
export type Content = Markup | string | number | null | readonly Content[];

/** A template whose values are escaped, unless they are markup themselves. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = parts[0];
  for (let i = 0; i < values.length; i++) text += textOf(values[i]) + parts[i + 1];
  return new Markup(text);
}

function textOf(value: Content): string {
  if (value === null) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return value.map(textOf).join('');
}

/** Text for elements and quoted attributes; what steers, hides or reorders text becomes visible. */
function escapeHtml(text: string): string {
  return escapeText(text, Number.POSITIVE_INFINITY).replace(SPECIAL, (character) => ENTITIES[character]);
}

const SPECIAL = /[&<>"']/g;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
