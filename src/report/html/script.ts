/**
 * The script of the page: functions of page/, each of which stands on nothing but its arguments, as text. The tables are read when the page is
 * shown already.
 */
import { charts } from './page/charts.js';
import { columns } from './page/columns.js';
import { copying } from './page/copying.js';
import { tables } from './page/data.js';
import { elements } from './page/elements.js';
import { list } from './page/list.js';
import { rowOrder } from './page/order.js';
import { tableOf } from './page/table.js';

export const SCRIPT = `'use strict';
(() => {
const elements = (${elements})();
const tables = (${tables})();
const rowOrder = ${rowOrder};
const tableOf = ${tableOf};
const columns = (${columns})(elements, tables);
const list = ${list};
(${charts})();
(${copying})();
for (const frame of document.querySelectorAll('[data-list]')) setTimeout(() => list(frame, columns(frame.dataset.list), { elements, rowOrder, tableOf }));
})();
`;
