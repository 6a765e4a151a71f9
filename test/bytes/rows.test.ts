import { describe, expect, it } from 'vitest';
import { Rows } from '../../src/bytes/rows.js';

describe('rows', () => {
  it('are numbered by where they begin, and keep what they hold when the table grows', () => {
    const rows = new Rows(3, 2);
    const added = Array.from({ length: 1000 }, () => rows.add());
    expect(added).toEqual(added.map((_, i) => i * 3));
    for (const row of added) rows.ints[row + 2] = row - 500;
    const before = rows.ints;
    while (rows.ints === before) rows.add();
    expect(added.map((row) => rows.ints[row + 2])).toEqual(added.map((row) => row - 500));
  });

  it('hold doubles, integers and bytes side by side', () => {
    const rows = new Rows(8, 4);
    const all = [rows.add(), rows.add(), rows.add()];
    for (const row of all) {
      rows.floats[row >> 1] = row + 0.125;
      rows.ints[row + 2] = -row;
      for (let i = 0; i < 20; i++) rows.bytes[(row + 3) * 4 + i] = row + i;
    }
    for (const row of all) {
      expect([rows.floats[row >> 1], rows.ints[row + 2]]).toEqual([row + 0.125, 0 - row]);
      expect([...rows.bytes.subarray((row + 3) * 4, (row + 8) * 4)]).toEqual(Array.from({ length: 20 }, (_, i) => row + i));
    }
  });

  it('that were freed are used again, empty', () => {
    const rows = new Rows(4, 2);
    const kept = rows.add();
    const freed = rows.add();
    rows.ints[kept + 1] = 7;
    rows.ints.fill(9, freed, freed + 4);
    rows.free(freed);
    expect([rows.size, rows.end]).toEqual([1, 8]);
    expect(rows.add()).toBe(freed);
    expect([...rows.ints.subarray(freed, freed + 4)]).toEqual([0, 0, 0, 0]);
    expect([rows.size, rows.end, rows.ints[kept + 1]]).toEqual([2, 8, 7]);
  });

  it('lie one behind the other where several are asked for, also where one was freed', () => {
    const rows = new Rows(2, 4);
    rows.free(rows.add());
    expect(rows.add(3)).toBe(2);
    expect([rows.add(), rows.add(), rows.end]).toEqual([0, 8, 10]);
  });
});
