// What on-demand.ts is to programs whose modules a bundler makes one of: it has to see what they import.
export { analyze, readConnections } from './analyze.js';
export { Analyzer } from './analyzer.js';
export { writeEvidence } from './evidence.js';
export { capture } from './live/capture.js';
export { html as toHtml } from './report/html/html.js';
export { table as toTable } from './report/table.js';
