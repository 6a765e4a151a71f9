import { describe, expect, it } from 'vitest';
import { Rows } from '../../src/bytes/rows.js';

/** Rows of one page. */
const PAGE = 4096;

describe('rows', () => {
  it('number from 0, over the borders of pages', () => {
    const rows = new Rows(1);
    for (let i = 0; i < PAGE * 2 + 1; i++) rows.setInt(rows.add(), 0, i);
    expect([rows.size, rows.end]).toEqual([PAGE * 2 + 1, PAGE * 2 + 1]);
    for (const row of [0, 1, PAGE - 1, PAGE, PAGE * 2 - 1, PAGE * 2]) expect(rows.int(row, 0)).toBe(row);
  });

  it.each([
    [1, 0, 0],
    [3, 2, 5],
    [7, 4, 64],
    [0, 0, 16],
    [2, 1, 1],
  ])('%i integers, %i doubles and %i bytes do not overlap', (ints, floats, bytes) => {
    const rows = new Rows(ints, floats, bytes);
    const all = [rows.add(), rows.add(), rows.add()];
    for (const row of all) {
      for (let i = 0; i < ints; i++) rows.setInt(row, i, row * 100 + i - 200);
      for (let i = 0; i < floats; i++) rows.setFloat(row, i, row + i / 8);
      for (let i = 0; i < bytes; i++) rows.bytes(row)[rows.byteOffset(row) + i] = row * 70 + i;
    }
    for (const row of all) {
      for (let i = 0; i < ints; i++) expect(rows.int(row, i)).toBe(row * 100 + i - 200);
      for (let i = 0; i < ints; i++) expect(rows.page(row)[rows.at(row) + i]).toBe(row * 100 + i - 200);
      for (let i = 0; i < floats; i++) expect(rows.float(row, i)).toBe(row + i / 8);
      for (let i = 0; i < bytes; i++) expect(rows.bytes(row)[rows.byteOffset(row) + i]).toBe(row * 70 + i);
    }
  });

  it('that were freed are used again, empty', () => {
    const rows = new Rows(2, 1, 4);
    const kept = rows.add();
    const freed = rows.add();
    rows.setInt(kept, 1, 7);
    rows.setInt(freed, 1, 8);
    rows.setFloat(freed, 0, 1.5);
    rows.bytes(freed)[rows.byteOffset(freed) + 3] = 9;
    rows.free(freed);
    expect([rows.size, rows.end]).toEqual([1, 2]);
    expect(rows.add()).toBe(freed);
    expect([rows.int(freed, 1), rows.float(freed, 0), rows.bytes(freed)[rows.byteOffset(freed) + 3]]).toEqual([0, 0, 0]);
    expect([rows.size, rows.end, rows.int(kept, 1)]).toEqual([2, 2, 7]);
  });

  it('can be reserved by number', () => {
    const rows = new Rows(1);
    rows.reserve(PAGE * 3);
    rows.setInt(PAGE * 3, 0, 5);
    rows.setBits(PAGE * 3, 0, 8);
    expect(rows.int(PAGE * 3, 0)).toBe(13);
    rows.clear(PAGE * 3);
    expect(rows.int(PAGE * 3, 0)).toBe(0);
  });
});
