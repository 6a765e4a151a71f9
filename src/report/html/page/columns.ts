/** What the tables of the page show: their columns, and the details of a row. */
import type { Table, Tables } from './data.js';
import type { Elements } from './elements.js';

export interface Shown {
  table: Table;
  /** Of rows: `connections`. */
  noun: string;
  columns: readonly ShownColumn[];
  /** Columns of frame numbers. */
  frames: readonly string[];
  /** Named facts on a row, beside what its columns show. */
  details(row: number): [name: string, value: Node | string][];
}

interface ShownColumn {
  title: string;
  /** The column of the data that it is sorted by. */
  by: string;
  text(row: number): string;
  isNumber?: boolean;
  /** Left out where the screen is narrow; the details tell it. */
  isWide?: boolean;
  /** In one line. */
  isKept?: boolean;
}

export function columns({ make }: Elements, { read, join }: Tables): (id: string) => Shown {
  const figure = (count: number) => String(count).replace(/\B(?=(?:\d{3})+$)/g, count < 10_000 ? '' : ',');
  const seconds = (micros: number) => (micros / 1e6).toFixed(6);
  const endpoint = (address: string, port: number) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
  const frame = (number: number) => (number < 0 ? '' : `#${number}`);

  function plain(table: Table, title: string, by: string, options: Partial<ShownColumn> = {}): ShownColumn {
    const { isText, packed } = table.columns[by];
    const isNumber = !isText && packed === null;
    const text = (row: number) => {
      if (!isNumber) return table.text(by, row);
      const value = table.number(by, row);
      return value < 0 ? '' : figure(value);
    };
    return { title, by, text, isNumber, ...options };
  }

  function filter(text: string): Node {
    const button = make('button', { type: 'button', 'data-copy': '' }, 'Copy filter');
    return make('div', { class: 'filter' }, make('code', {}, text), button);
  }

  function toConnection(stream: number): Node {
    return make('a', { href: '#connections', 'data-search': `stream:${stream}` }, `stream ${stream}`);
  }

  function servers(): Shown {
    const table = read('servers-data');
    const names = ['connections', 'full', 'resumed', 'declined', 'invalidated', 'suspected'];
    return {
      table,
      noun: 'servers',
      frames: [],
      columns: [
        plain(table, 'server', 'server', { isKept: true }),
        ...names.map((name) => plain(table, name, name, { isWide: name !== 'invalidated' && name !== 'declined' })),
        plain(table, 'verdict', 'verdict'),
      ],
      details: (row) => [
        ['names', table.text('names', row)],
        ...names.map((name): [string, string] => [name, figure(table.number(name, row))]),
      ],
    };
  }

  function findings(): Shown {
    const own = read('findings-data');
    const table = own.columns.id === undefined ? join(own, 'id', 'session', read('sessions-data')) : own;
    const parts = ['issued', 'closed', 'offered', 'declined'];
    const filterOf = (row: number) =>
      table.text('filter', row) || `frame.number in {${parts.map((name) => table.number(name, row)).join(', ')}}`;
    const at = (name: string) => (row: number) => frame(table.number(name, row));
    return {
      table,
      noun: 'findings',
      frames: parts,
      columns: [
        { title: 'session', by: 'id', text: (row) => `${table.text('id', row).slice(0, 16)}…`, isKept: true },
        plain(table, 'server', 'server', { isWide: true, isKept: true }),
        plain(table, 'client', 'client', { isWide: true, isKept: true }),
        plain(table, 'confidence', 'confidence'),
        { title: 'issued', by: 'issued', text: at('issued'), isNumber: true, isWide: true },
        plain(table, 'close', 'close', { isWide: true }),
        { title: 'closed', by: 'closed', text: at('closed'), isNumber: true, isWide: true },
        { title: 'declined', by: 'declined', text: at('declined'), isNumber: true },
        plain(table, 'times', 'declines'),
      ],
      details: (row) => [
        ['session', `${table.text('kind', row)} ${table.text('id', row)}`],
        ['client, server', `${table.text('client', row)}, ${table.text('server', row)}`],
        ['issued', make('span', {}, `${frame(table.number('issued', row))}, `, toConnection(table.number('stream', row)))],
        ['cause', `${table.text('cause', row)}: ${table.text('close', row)}, ${frame(table.number('closed', row))}`],
        ['declined', `offered ${frame(table.number('offered', row))}, declined ${frame(table.number('declined', row))}`],
        ['filter', filter(filterOf(row))],
      ],
    };
  }

  function sessions(): Shown {
    const table = read('sessions-data');
    const offers = read('offers-data');
    const starts = new Uint32Array(table.rows + 1);
    const count = (row: number) => table.number('resumed', row) + table.number('declined', row) + table.number('unanswered', row);
    for (let row = 0; row < table.rows; row++) starts[row + 1] = starts[row] + count(row);
    const MOST = 200;

    function offerList(row: number): Node {
      const last = Math.min(starts[row + 1], starts[row] + MOST);
      const items: Node[] = [];
      for (let at = starts[row]; at < last; at++) {
        const words = ` ${frame(offers.number('frame', at))} ${offers.text('outcome', at)}`;
        items.push(make('li', {}, toConnection(offers.number('stream', at)), words));
      }
      if (last < starts[row + 1]) items.push(make('li', {}, `and ${figure(starts[row + 1] - last)} more`));
      return items.length === 0 ? document.createTextNode('none') : make('ul', {}, ...items);
    }

    return {
      table,
      noun: 'sessions',
      frames: ['issued'],
      columns: [
        { title: 'session', by: 'id', text: (row) => shortened(table.text('id', row)), isKept: true },
        plain(table, 'kind', 'kind', { isWide: true, isKept: true }),
        plain(table, 'server', 'server', { isWide: true, isKept: true }),
        {
          title: 'issued',
          by: 'issued',
          text: (row) => `${table.number('inferred', row) > 0 ? '~' : ''}${frame(table.number('issued', row))}`,
          isNumber: true,
          isWide: true,
        },
        plain(table, 'resumed', 'resumed', { isWide: true }),
        plain(table, 'declined', 'declined'),
        plain(table, 'unanswered', 'unanswered', { isWide: true }),
        plain(table, 'causes of declines', 'causes', { isWide: true }),
      ],
      details(row) {
        const stream = table.number('stream', row);
        const how = table.number('inferred', row) > 0 ? ' (inferred)' : '';
        const where = make('span', {}, `${frame(table.number('issued', row))}${how}, `, toConnection(stream));
        const lifetime = table.number('lifetime', row);
        return [
          ['identity', `${table.text('kind', row)} ${table.text('id', row)}`],
          ['server', table.text('server', row)],
          ['issued', stream < 0 ? 'not within this capture' : where],
          ['lifetime', lifetime < 0 ? 'not told' : `${figure(lifetime)} s`],
          ['causes of declines', table.text('causes', row)],
          ['offers', offerList(row)],
        ];
      },
    };
  }

  function shortened(id: string): string {
    return id.length > 17 ? `${id.slice(0, 16)}…` : id;
  }

  function connections(): Shown {
    const table = read('connections-data');
    const text = (name: string) => (row: number) => table.text(name, row);
    const at = (name: string, row: number) =>
      table.number(name, row) < 0 ? '' : frame(table.number('first', row) + table.number(name, row));
    const client = (row: number) => endpoint(table.text('client', row), table.number('port', row));
    const close = (side: string) => (row: number) => `${table.text(`closeOf${side}`, row)} ${at(`endOf${side}`, row)}`.trim();
    return {
      table,
      noun: 'connections',
      frames: ['first', 'hello', 'answer', 'last', 'endOfClient', 'endOfServer'],
      columns: [
        { title: 'stream', by: 'stream', text: (row) => String(table.number('stream', row)), isNumber: true },
        { title: 'seconds', by: 'start', text: (row) => seconds(table.number('start', row)), isNumber: true, isWide: true },
        { title: 'client', by: 'client', text: client, isWide: true },
        { title: 'server', by: 'server', text: text('server'), isWide: true },
        { title: 'name', by: 'name', text: text('name'), isWide: true },
        { title: 'handshake', by: 'handshake', text: text('handshake') },
        { title: 'client close', by: 'closeOfClient', text: close('Client') },
        { title: 'server close', by: 'closeOfServer', text: close('Server'), isWide: true },
      ],
      details(row) {
        const took = table.number('took', row);
        return [
          ['client', client(row) + (table.text('proxied', row) === '' ? '' : ` for ${table.text('proxied', row)}`)],
          ['server', [table.text('server', row), table.text('name', row)].filter((part) => part !== '').join(', ')],
          [
            'TLS',
            ['version', 'cipher', 'alpn']
              .map((name) => table.text(name, row))
              .filter((part) => part !== '')
              .join(', '),
          ],
          ['JA4', table.text('ja4', row)],
          [
            'handshake',
            [table.text('handshake', row), took < 0 ? '' : `${(took / 1000).toFixed(3)} ms`].filter((part) => part !== '').join(', '),
          ],
          ['resumed by', table.text('by', row)],
          ['begins', `${seconds(table.number('start', row))} s after the first frame of the capture`],
          ['hellos', [at('hello', row), at('answer', row)].filter((part) => part !== '').join(' → ')],
          ['frames', `${frame(table.number('first', row))} to ${at('last', row)}, ${seconds(table.number('length', row))} s`],
          ['closes', `client ${close('Client')(row)}; server ${close('Server')(row)}; first: ${table.text('closer', row) || 'neither'}`],
          ['alerts', table.text('alerts', row)],
          ['capture lacks', table.text('lacks', row)],
          ['filter', filter(`tcp.stream eq ${table.number('stream', row)}`)],
        ];
      },
    };
  }

  const all: Readonly<Record<string, () => Shown>> = { 'all-servers': servers, 'all-findings': findings, sessions, connections };
  return (id) => all[id]();
}
