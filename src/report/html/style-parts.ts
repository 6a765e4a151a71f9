/** The style of charts and of tables. */

export const CHARTS = `
figure { margin: 0 0 1rem; }
figcaption { font-size: 0.9rem; margin-top: 0.35rem; max-width: 50rem; }
svg { display: block; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; list-style: none; padding: 0; margin: 0 0 0.4rem; font-size: 0.9rem; }
.legend li { display: flex; align-items: center; gap: 0.45rem; margin: 0; }
.plot { display: grid; grid-template-columns: max-content minmax(0, 1fr); column-gap: 0.5rem; font-size: 0.85rem; color: var(--muted); font-variant-numeric: tabular-nums; }
.plot .up { display: flex; flex-direction: column; justify-content: space-between; text-align: right; line-height: 1; }
.plot .along { grid-column: 2; display: flex; justify-content: space-between; gap: 1rem; margin-top: 0.2rem; }
.plot .area { position: relative; border-left: 1px solid var(--muted); border-bottom: 1px solid var(--muted); }
.plot .area svg { width: 100%; height: 150px; }
.series-full { fill: var(--full); fill-opacity: 0.28; stroke: var(--full); stroke-width: 1.75; }
.series-resumed { fill: none; stroke: var(--good); stroke-width: 2.25; stroke-dasharray: 5 3; }
.series-declined { stroke: var(--alarm); stroke-width: 2.5; }
.series-full, .series-resumed, .series-declined, .grid, .mean { vector-effect: non-scaling-stroke; }
.grid { stroke: var(--rule); }
.bin { fill: transparent; }
.bin:hover, .bin:focus { fill: var(--link); fill-opacity: 0.25; outline: none; }
table.evidence { border-collapse: collapse; width: 100%; margin-bottom: 0.8rem; font-variant-numeric: tabular-nums; }
table.evidence th, table.evidence td { text-align: left; padding: 0.35rem 0.9rem 0.35rem 0; border-bottom: 1px solid var(--rule); vertical-align: middle; font-weight: normal; }
table.evidence thead th { color: var(--muted); font-size: 0.85rem; vertical-align: bottom; }
table.evidence .number { text-align: right; }
table.evidence .share { width: 40%; padding-right: 0.4rem; }
table.evidence .hide-small { white-space: nowrap; }
table.evidence .part th { padding-left: 1.2rem; }
.share svg { width: 100%; height: 22px; overflow: visible; }
.share .axis { stroke: var(--rule); }
.share .range { stroke: var(--text); stroke-width: 2; }
.share .value { stroke: var(--alarm); stroke-width: 7; }
.share .value.none { stroke: var(--good); }
.share line { vector-effect: non-scaling-stroke; }
.share .ends { display: flex; justify-content: space-between; }
.story { border: 1px solid var(--rule); border-radius: 8px; padding: 1rem; margin: 0 0 1.25rem; }
.story table.rows { max-width: 56rem; margin-bottom: 0.9rem; }
.story .scroll { margin: 0.75rem -1rem; padding: 0 1rem; }
.scroll { overflow-x: auto; }
.lanes text { fill: var(--muted); font: 11px/1 ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace; text-anchor: middle; }
.lanes text { paint-order: stroke; stroke: var(--panel); stroke-width: 3px; stroke-linejoin: round; }
.lanes .axis-text { stroke: none; }
.lanes .name { fill: var(--text); font-weight: 600; text-anchor: start; }
.lanes .client-name { text-anchor: start; }
.lanes .life { stroke: var(--muted); stroke-width: 2; }
.lanes .band { fill: var(--panel); }
.lanes .tick { stroke: var(--rule); stroke-dasharray: 2 4; }
.lanes .mark circle, .lanes .mark path { fill: var(--panel); stroke: var(--text); stroke-width: 1.75; }
.lanes .mark .solid { fill: var(--text); }
.lanes .mark .word { fill: var(--text); }
.lanes .mark.good circle, .lanes .mark.good path { stroke: var(--good); }
.lanes .mark.good .solid { fill: var(--good); }
.lanes .mark.good .word { fill: var(--good); }
.lanes .mark.alarm circle, .lanes .mark.alarm path { stroke: var(--alarm); stroke-width: 2.5; }
.lanes .mark.alarm .solid { fill: var(--alarm); }
.lanes .mark.alarm .word { fill: var(--alarm); font-weight: 700; }
.lanes .mark path.cross { stroke: var(--panel); stroke-width: 2; }
.lanes .mark .ring { fill: none; stroke-dasharray: 3 2; }
.lanes .mark .hit { fill: transparent; stroke: none; }
.lanes .mark:hover .hit { fill: var(--link); fill-opacity: 0.14; }
.lanes .mark:focus { outline: none; }
.lanes .mark:focus .hit { fill: var(--link); fill-opacity: 0.14; stroke: var(--link); stroke-width: 2; }
.lanes .offer { fill: none; stroke-width: 1.75; }
.lanes .offer.good { stroke: var(--good); }
.lanes .offer.alarm { stroke: var(--alarm); stroke-dasharray: 6 4; }
.lanes .head.good { fill: var(--good); }
.lanes .head.alarm { fill: var(--alarm); }
.tip { position: fixed; z-index: 2; max-width: 22rem; background: var(--text); color: var(--page); border-radius: 5px; padding: 0.4rem 0.65rem; font-size: 0.9rem; line-height: 1.4; pointer-events: none; overflow-wrap: anywhere; }
.tip[hidden] { display: none; }
@media (max-width: 40rem) {
  .hide-small { display: none; }
  table.evidence .share { width: 34%; }
  .story .scroll::before { content: 'The picture goes on to the right \\2192'; display: block; position: sticky; left: 0; font-size: 0.85rem; color: var(--muted); }
  .story table.rows { display: block; overflow-x: auto; }
}
`;

export const LISTS = `
table.rows { border-collapse: collapse; width: 100%; font-size: 0.93rem; font-variant-numeric: tabular-nums; }
table.rows th, table.rows td { text-align: left; vertical-align: top; padding: 0.3rem 0.8rem 0.3rem 0; border-bottom: 1px solid var(--rule); font-weight: normal; overflow-wrap: anywhere; }
table.rows thead th { color: var(--muted); font-size: 0.87rem; white-space: nowrap; }
table.rows .number { text-align: right; white-space: nowrap; }
table.rows .keep { white-space: nowrap; overflow-wrap: normal; }
table.rows tr.alarm, table.rows tr.warning { color: inherit; }
table.rows tr.alarm td:last-child { color: var(--alarm); font-weight: 600; }
table.rows tr.warning td:last-child { color: var(--warning); font-weight: 600; }
table.rows thead button { border: 0; padding: 0; min-height: 1.6rem; background: none; color: var(--link); font-weight: 600; white-space: nowrap; }
table.rows thead button::after { content: ' ↕'; color: var(--muted); }
table.rows th[aria-sort='ascending'] button::after { content: ' ↑'; color: var(--text); }
table.rows th[aria-sort='descending'] button::after { content: ' ↓'; color: var(--text); }
table.list tbody tr:not(.details):hover { background: var(--row); }
table.list tbody button.more { border: 0; padding: 0; min-height: 1.4rem; background: none; color: var(--link); white-space: nowrap; }
table.list tbody button.more::before { content: '▸ '; }
table.list tbody button.more[aria-expanded='true']::before { content: '▾ '; }
table.list tr.details td { background: var(--panel); padding: 0.7rem 0.9rem; }
table.list tr.details dl { margin: 0; max-width: none; }
.controls { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; margin-bottom: 0.6rem; }
.controls label { display: flex; gap: 0.3rem 0.6rem; align-items: center; }
.controls label { flex: 1 1 auto; }
.controls input { flex: 0 1 26rem; min-width: 0; }
::placeholder { color: var(--muted); opacity: 1; }
.pages[hidden] { display: none; }
.pages:not([hidden]) { display: flex; flex-wrap: wrap; gap: 0.4rem 0.6rem; align-items: center; margin: 0.7rem 0 0; }
.status { color: var(--muted); margin: 0 0 0.5rem; }
.filter { display: flex; flex-wrap: wrap; gap: 0.5rem 0.8rem; align-items: flex-start; background: var(--panel); border-radius: 6px; padding: 0.55rem 0.7rem; }
.filter code { flex: 1 1 14rem; max-height: 9rem; overflow-y: auto; }
@media (max-width: 40rem) {
  table.list .wide { display: none; }
}
`;
