import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/argument-error.js';
import type { Connection, Report } from '../../src/model.js';
import { canonicalAddress, parseAddressRange } from '../../src/selection/address-range.js';
import { type Selection, Selector } from '../../src/selection/select.js';
import { FORUM, FORUM_ID, MIXED } from '../report/reports.js';

const select = (report: Report, selection: Selection) => new Selector(selection).report(report);
const selectConnections = (connections: readonly Connection[], selection: Selection) => new Selector(selection).connections(connections);

describe('address ranges', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.9.0.101', '10.9.0.101', true],
    ['10.9.0.101', '10.9.0.102', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '::1', true],
    ['::/0', '10.0.0.1', false],
    ['2001:db8::/32', '2001:db8:1::2', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['10.0.0.0/8', 'not an address', false],
  ])('%s holds %s: %s', (range, address, inside) => {
    const matches = parseAddressRange(range);
    expect(matches?.(address)).toBe(inside);
    expect(matches?.(address)).toBe(inside);
  });

  it.each([
    '',
    'x',
    '10.0.0.0/33',
    '::/129',
    '10.1',
    '0x7f.1',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/8x',
    'fe80::1%eth0',
    '10.0.0.256',
  ])('%j is none', (text) => expect(parseAddressRange(text)).toBeNull());

  it('writes addresses as a report does', () => {
    expect(canonicalAddress('2001:0DB8:0:0:0:0:0:1')).toBe('2001:db8::1');
    expect(canonicalAddress('10.0.0.1')).toBe('10.0.0.1');
    expect(canonicalAddress('localhost')).toBeNull();
  });
});

describe('select', () => {
  it('returns the report itself when nothing is selected', () => expect(select(FORUM, {})).toBe(FORUM));

  it('narrows findings by client, also by that of a later connection', () => {
    expect(select(MIXED, { client: '10.9.0.103' }).findings.map((f) => f.session.id.slice(0, 4))).toEqual(['d03b']);
    expect(select(MIXED, { client: '10.9.0.0/24' }).findings).toHaveLength(3);
    expect(select(MIXED, { client: '10.8.0.0/24' }).findings).toEqual([]);
    const moved: Report = {
      ...FORUM,
      findings: [{ ...FORUM.findings[0], declines: [{ ...FORUM.findings[0].declines[0], client: { address: '192.0.2.9', port: 1 } }] }],
    };
    expect(select(moved, { client: '192.0.2.9' }).findings).toHaveLength(1);
  });

  it('narrows by the beginning of the identifier', () => {
    expect(select(MIXED, { session: '42c2' }).findings.map((f) => f.issued.frame)).toEqual([23]);
    const forum = select(FORUM, { session: FORUM_ID.slice(0, 8) });
    expect([forum.findings.length, forum.sessions.length, forum.connections.map((c) => c.stream)]).toEqual([1, 1, [0, 1, 2]]);
    const none = select(FORUM, { session: 'ffff' });
    expect([none.findings, none.sessions, none.connections]).toEqual([[], [], []]);
  });

  it('lists the sessions that a connection of the client touched', () => {
    expect(select(FORUM, { client: '10.0.0.7' }).sessions).toHaveLength(1);
    expect(select(FORUM, { client: '10.0.0.8' }).sessions).toHaveLength(0);
  });

  it('leaves totals and servers as they are', () => {
    const none = select(MIXED, { client: '192.0.2.1' });
    expect(none.totals).toEqual(MIXED.totals);
    expect(none.servers).toEqual(MIXED.servers);
  });

  it('selects connections alone', () => {
    expect(selectConnections(FORUM.connections, { client: '10.0.0.7' })).toHaveLength(3);
    expect(selectConnections(FORUM.connections, { client: '10.0.0.7', session: 'abcd' })).toHaveLength(0);
  });

  it.each<[Selection, string]>([
    [{ client: 'x' }, 'filter.client: expected an IP address or a range such as 10.0.0.0/8, not x'],
    [{ session: 'xyz' }, 'filter.session: expected hexadecimal digits, not xyz'],
  ])('refuses %j', (selection, message) => {
    expect(() => select(FORUM, selection)).toThrow(new ArgumentError(message));
  });

  it('takes identifiers as Wireshark copies them', () => {
    const copied = FORUM_ID.slice(0, 8).toUpperCase().match(/../g)?.join(':') ?? '';
    expect(select(FORUM, { session: copied }).findings).toHaveLength(1);
  });
});
