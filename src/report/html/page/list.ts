/** A table with search, sorting and pages: however many rows there are, only those of one page are in the document. */
import type { Shown } from './columns.js';
import type { Elements } from './elements.js';
import type { rowOrder } from './order.js';
import type { tableOf } from './table.js';

interface Parts {
  elements: Elements;
  rowOrder: typeof rowOrder;
  tableOf: typeof tableOf;
}

export function list(frame: HTMLElement, shown: Shown, { elements, rowOrder, tableOf }: Parts): void {
  const ROWS = 50;
  const PAUSE_MILLISECONDS = 150;
  const { make } = elements;
  const { table, columns, noun } = shown;
  const order = rowOrder(table, shown.frames);
  const render = tableOf(elements, shown, noun);
  const part = <T extends Element>(selector: string) => frame.querySelector<T>(selector) as T;
  const search = part<HTMLInputElement>('input');
  const [status, head, body, pages] = ['.status', 'thead', 'tbody', '.pages'].map((selector) => part<HTMLElement>(selector));
  let page = 0;
  let sorted: { column: number; isDescending: boolean } | null = null;

  const figure = (count: number) => String(count).replace(/\B(?=(?:\d{3})+$)/g, count < 10_000 ? '' : ',');

  function headings(): void {
    const cells = columns.map(({ title, isNumber, isWide }, i) => {
      const button = make('button', { type: 'button' }, title);
      button.addEventListener('click', () => sortBy(i));
      const words = [isNumber ? 'number' : '', isWide ? 'wide' : ''].join(' ').trim();
      return make('th', { scope: 'col', ...(words === '' ? {} : { class: words }) }, button);
    });
    head.replaceChildren(make('tr', {}, ...cells));
  }

  function sortBy(column: number): void {
    const isDescending = sorted?.column === column && !sorted.isDescending;
    sorted = { column, isDescending };
    order.sort(columns[column].by, isDescending);
    for (const [i, cell] of [...head.querySelectorAll('th')].entries()) {
      if (i === column) cell.setAttribute('aria-sort', isDescending ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    }
    show(0);
  }

  function show(wanted: number): void {
    const { rows } = order;
    const last = Math.max(0, Math.ceil(rows.length / ROWS) - 1);
    page = Math.min(last, Math.max(0, wanted));
    const from = page * ROWS;
    const to = Math.min(rows.length, from + ROWS);
    body.replaceChildren(...render(rows.subarray(from, to)));
    const of = rows.length === table.rows ? '' : ` found among ${figure(table.rows)}`;
    status.textContent =
      rows.length === 0
        ? `No row of ${figure(table.rows)} has all of these words.`
        : `${figure(from + 1)} to ${figure(to)} of ${figure(rows.length)} ${noun}${of}`;
    pages.hidden = last === 0;
    for (const [name, button] of Object.entries(buttons))
      button.disabled = name === 'First' || name === 'Previous' ? page === 0 : page === last;
    place.textContent = `Page ${figure(page + 1)} of ${figure(last + 1)}`;
  }

  function button(name: string, target: () => number): HTMLButtonElement {
    const made = make('button', { type: 'button' }, name);
    made.addEventListener('click', () => show(target()));
    return made;
  }

  const lastPage = () => Math.ceil(order.rows.length / ROWS) - 1;
  const buttons: Record<string, HTMLButtonElement> = {
    First: button('First', () => 0),
    Previous: button('Previous', () => page - 1),
    Next: button('Next', () => page + 1),
    Last: button('Last', lastPage),
  };
  const place = make('span', {});
  pages.replaceChildren(buttons.First, buttons.Previous, place, buttons.Next, buttons.Last);

  function find(): void {
    order.search(search.value);
    show(0);
  }

  let timer = 0;
  search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE_MILLISECONDS);
  });
  // Links of other tables to rows of this one.
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest(`a[href="#${frame.dataset.list}"][data-search]`) : null;
    if (link === null) return;
    search.value = link.getAttribute('data-search') ?? '';
    find();
    search.focus({ preventScroll: true });
  });
  headings();
  show(0);
}
