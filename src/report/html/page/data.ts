/** Reads the tables that blocks.ts writes. */

/** A column: numbers, or places in the texts of the table. */
interface Values {
  isText: boolean;
  /** Of each row; -1 where there is nothing. */
  numbers: Float64Array | null;
  /** 44 characters of base64 a row, where it has hex digits; `numbers` has the rows where they are not those of the table. */
  packed: string | null;
}

export interface Table {
  rows: number;
  texts: readonly string[];
  columns: Readonly<Record<string, Values>>;
  /** Empty where there is nothing. */
  text(column: string, row: number): string;
  /** The first hex digits of a column that has them. */
  digits(column: string, row: number, count: number): string;
  /** -1 where there is nothing. */
  number(column: string, row: number): number;
}

export interface Tables {
  read(id: string): Table;
  /** The digits of another table as a column of this one: `places` has the rows there. */
  join(table: Table, column: string, places: string, other: Table): Table;
}

export function tables(): Tables {
  const WIDTH = 44;
  const read = new Map<string, Table>();

  const VALUES = new Uint8Array(128);
  for (let i = 0; i < 64; i++) VALUES['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.charCodeAt(i)] = i;

  function numbersOf(letters: string, rows: number): Float64Array {
    const numbers = new Float64Array(rows);
    const width = letters.length / rows;
    for (let row = 0, at = 0; row < rows; row++) {
      let value = 0;
      for (const end = at + width; at < end; at++) value = value * 64 + VALUES[letters.charCodeAt(at)];
      numbers[row] = value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    return numbers;
  }

  function valuesOf([kind, given]: [string, string | number], rows: number): Values {
    if (kind === 'hex') return { isText: false, numbers: null, packed: String(given) };
    const numbers = typeof given === 'number' ? new Float64Array(rows).fill(given) : numbersOf(given, rows);
    if (kind === 'step') for (let i = 1; i < numbers.length; i++) numbers[i] += numbers[i - 1];
    return { isText: kind === 'text', numbers, packed: null };
  }

  /** @param most digits that are wanted: no more is decoded */
  function digitsOf({ packed, numbers }: Values, row: number, most: number): string {
    const at = (numbers?.[row] ?? row) * WIDTH;
    const bytes = atob(packed?.slice(at, at + Math.min(WIDTH, 4 * Math.ceil((1 + most / 2) / 3))) ?? '');
    const count = Math.min(most, bytes.length === 0 ? 0 : bytes.charCodeAt(0));
    let text = '';
    for (let i = 1; text.length < count; i++) text += bytes.charCodeAt(i).toString(16).padStart(2, '0');
    return text;
  }

  function tableFrom(source: string): Table {
    const { rows, texts, columns: given } = JSON.parse(source);
    const columns: Record<string, Values> = {};
    for (const [name, column] of Object.entries(given)) columns[name] = valuesOf(column as [string, string | number], rows);
    const number = (column: string, row: number) => columns[column].numbers?.[row] ?? -1;
    const digits = (column: string, row: number, count: number) => digitsOf(columns[column], row, count).slice(0, count);
    const text = (column: string, row: number) =>
      columns[column].packed === null ? (texts[number(column, row)] ?? '') : digitsOf(columns[column], row, Number.POSITIVE_INFINITY);
    return { rows, texts, columns, text, digits, number };
  }

  return {
    join(table, column, places, other) {
      const { packed } = other.columns.id;
      (table.columns as Record<string, Values>)[column] = { isText: false, numbers: table.columns[places].numbers, packed };
      return table;
    },
    read(id) {
      const known = read.get(id);
      if (known !== undefined) return known;
      const table = tableFrom(document.getElementById(id)?.textContent ?? '');
      read.set(id, table);
      return table;
    },
  };
}
