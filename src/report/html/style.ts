/** The style of the page. No element has a style of its own: the policy of the page forbids it. */
import { DARK, LIGHT, properties } from './palette.js';
import { CHARTS, LISTS } from './style-parts.js';

const BASE = `
:root { color-scheme: light dark; ${properties(LIGHT)} }
@media (prefers-color-scheme: dark) { :root { ${properties(DARK)} } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif; overflow-wrap: break-word; }
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.75rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.1rem 0 0.5rem; max-width: 60rem; text-wrap: balance; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.75rem 0 0.75rem; padding-top: 0.9rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1.05rem; margin: 0 0 0.5rem; overflow-wrap: anywhere; }
h4, section > h3 { font-size: 0.95rem; margin: 1.4rem 0 0.4rem; }
p, ul, ol, dl { margin: 0 0 0.75rem; max-width: 50rem; }
ul, ol { padding-left: 1.2rem; }
li { margin-bottom: 0.35rem; }
a { color: var(--link); text-underline-offset: 0.15em; }
code, .mono { font: 0.92em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace; overflow-wrap: anywhere; }
.eyebrow, .muted, figcaption { color: var(--muted); }
.eyebrow { margin: 0; font-size: 0.9rem; }
.lead { font-size: 1.05rem; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 0.5rem; padding: 0.3rem 0.6rem; background: var(--panel); z-index: 3; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
nav.contents { margin: 1rem 0 0; }
nav.contents ul { display: flex; flex-wrap: wrap; gap: 0.3rem 1.1rem; list-style: none; padding: 0; margin: 0; }
nav.contents li { margin: 0; }
button, input { font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--muted); border-radius: 5px; padding: 0.25rem 0.65rem; min-height: 2rem; }
button { cursor: pointer; }
button:hover:not(:disabled) { background: var(--row); }
button:disabled { color: var(--muted); border-color: var(--rule); cursor: default; }
footer { margin-top: 3rem; padding: 1rem; border-top: 1px solid var(--rule); color: var(--muted); font-size: 0.9rem; }
.good { color: var(--good); }
.warning { color: var(--warning); }
.alarm { color: var(--alarm); }
.badge { display: inline-block; border: 1.5px solid currentColor; border-radius: 0.8rem; padding: 0.05rem 0.6rem; font-weight: 600; font-size: 0.88rem; line-height: 1.4; }
.verdicts { list-style: none; padding: 0; max-width: none; margin: 1.25rem 0 0; }
.verdicts > li { background: var(--panel); border: 1px solid var(--rule); border-left: 5px solid var(--muted); border-radius: 6px; padding: 0.85rem 1rem; margin-bottom: 0.75rem; }
.verdicts > li.is-alarm { border-left-color: var(--alarm); }
.verdicts > li.is-good { border-left-color: var(--good); }
.verdicts > li.is-warning { border-left-color: var(--warning); }
.verdicts p { margin: 0.3rem 0 0; max-width: 60rem; }
.verdicts .who { display: flex; flex-wrap: wrap; gap: 0.35rem 0.8rem; align-items: baseline; margin: 0; }
.verdicts .who > * { min-width: 0; overflow-wrap: anywhere; }
.verdicts .who a { font-weight: 650; font-size: 1.1rem; }
dl.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.6rem, 1fr)); gap: 0.6rem; max-width: none; margin: 0 0 1rem; }
dl.figures div { border: 1px solid var(--rule); border-radius: 6px; padding: 0.45rem 0.7rem 0.5rem; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
dl.figures dt { color: var(--muted); font-size: 0.85rem; line-height: 1.3; }
dl.figures dd { margin: 0; font-size: 1.35rem; font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums; }
dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.3rem 1rem; }
dl.facts dt { color: var(--muted); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  h1 { font-size: 1.35rem; }
  dl.facts { grid-template-columns: minmax(0, 1fr); gap: 0 1rem; }
  dl.facts dd { margin-bottom: 0.4rem; }
  dl.figures { grid-template-columns: repeat(auto-fill, minmax(6.6rem, 1fr)); }
}
@media print {
  :root { ${properties(LIGHT)} }
  body { font-size: 10pt; }
  header, main, footer { max-width: none; padding: 0; }
  nav.contents, button, .controls, .pages, .skip, .tip, .screen { display: none !important; }
  h2, h3, h4 { break-after: avoid; }
  .verdicts > li, .story, figure, tr { break-inside: avoid; }
  .scroll { overflow: visible !important; }
  .lanes { max-width: 100%; height: auto; min-width: 0 !important; }
  a { color: inherit; }
}
`;

export const STYLE = BASE + CHARTS + LISTS;
