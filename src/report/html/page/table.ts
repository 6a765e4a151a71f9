/** Some rows of a table, and the details of those that were opened. */
import type { Shown } from './columns.js';
import type { Elements } from './elements.js';

/** The rows as elements; the first cell of each opens its details. */
export function tableOf({ make }: Elements, { columns, details }: Shown, name: string): (rows: Iterable<number>) => Node[] {
  function classes(column: Shown['columns'][number]): Record<string, string> {
    const words = [column.isNumber ? 'number' : '', column.isWide ? 'wide' : '', column.isKept ? 'keep' : ''].filter((word) => word !== '');
    return words.length === 0 ? {} : { class: words.join(' ') };
  }

  function detailsOf(row: number, id: string): HTMLTableRowElement {
    const facts = make('dl', { class: 'facts' });
    for (const [title, value] of details(row)) if (value !== '') facts.append(make('dt', {}, title), make('dd', {}, value));
    return make('tr', { class: 'details', id }, make('td', { colspan: String(columns.length) }, facts));
  }

  function rowOf(row: number): Node {
    const id = `${name}-details-${row}`;
    const button = make(
      'button',
      { type: 'button', class: 'more', 'aria-expanded': 'false', 'aria-controls': id },
      columns[0].text(row) || '-',
    );
    const cells = columns.map((column, i) => make('td', classes(column), i === 0 ? button : column.text(row)));
    const line = make('tr', {}, ...cells);
    button.addEventListener('click', () => {
      const isOpen = button.getAttribute('aria-expanded') === 'true';
      button.setAttribute('aria-expanded', String(!isOpen));
      if (isOpen) line.nextElementSibling?.remove();
      else line.after(detailsOf(row, id));
    });
    return line;
  }

  return (rows) => Array.from(rows, rowOf);
}
