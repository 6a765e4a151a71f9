/** The colours of the page. Every foreground is readable on every ground (WCAG 2.2, 1.4.3 and 1.4.11). */

interface Palette {
  /** Behind text, by what lies there. */
  grounds: { page: string; panel: string; row: string };
  /** Text, and marks with a meaning. */
  inks: { text: string; muted: string; link: string; full: string; good: string; warning: string; alarm: string };
  /** Decoration only. */
  rule: string;
}

export const LIGHT: Palette = {
  grounds: { page: '#ffffff', panel: '#f5f6f8', row: '#e9eef5' },
  inks: { text: '#1b1f24', muted: '#525b66', link: '#0a57a8', full: '#33548a', good: '#146c43', warning: '#8a4b00', alarm: '#b3201b' },
  rule: '#d3d8de',
};

export const DARK: Palette = {
  grounds: { page: '#13161a', panel: '#1b1f25', row: '#262d36' },
  inks: { text: '#e6e9ec', muted: '#a9b2bd', link: '#82b8f4', full: '#93b4ea', good: '#5fcb98', warning: '#e3ad55', alarm: '#ff9086' },
  rule: '#3a424c',
};

/** Custom properties of CSS: `--text: #1b1f24; …`. */
export function properties({ grounds, inks, rule }: Palette): string {
  return Object.entries({ ...grounds, ...inks, rule })
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(' ');
}
