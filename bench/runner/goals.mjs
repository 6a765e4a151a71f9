// What the project holds itself to, as ratios and MiB.

/** @typedef {{ capture: string, figure: string, limit: number, least?: boolean, text: string }} Goal */
const GOALS = [
  { capture: 'bulk', figure: 'loop', limit: 1.5, text: 'bulk: wall / libpcap loop' },
  { capture: 'handshakes', figure: 'loop', limit: 5, text: 'handshakes: wall / libpcap loop' },
  { capture: 'manyflows', figure: 'loop', limit: 8, text: 'manyflows: wall / libpcap loop' },
  { capture: 'manyflows', figure: 'rss', limit: 250, text: 'manyflows: peak RSS, MiB' },
  { capture: 'manyflows', figure: 'sessions', limit: 300, text: 'manysessions: peak RSS, MiB' },
  { capture: 'handshakes', figure: 'tshark', limit: 30, least: true, text: 'handshakes: tshark / closenotify' },
  { capture: 'bulk', figure: 'rss', limit: 120, text: 'bulk: peak RSS, MiB' },
  { capture: 'bulk', figure: 'growth', limit: 10, text: 'bulk: peak RSS less that of half the capture, MiB' },
];

/** @param {Record<string, Record<string, number | null>>} figures by capture @returns {string[][]} goal, limit, measured, verdict */
export function judge(figures) {
  return GOALS.filter(({ capture }) => capture in figures).map(({ capture, figure, limit, least, text }) => {
    const got = figures[capture][figure] ?? null;
    const met = got === null ? 'not measured' : (least ? got >= limit : got <= limit) ? 'met' : 'MISSED';
    return [text, `${least ? '>=' : '<='} ${limit}`, got === null ? '–' : got.toFixed(2), met];
  });
}
