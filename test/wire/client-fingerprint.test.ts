import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MAX_FINGERPRINTS } from '../../src/limits.js';
import { Fingerprints, ja3, ja4 } from '../../src/wire/client-fingerprint.js';
import { MAX_VALUES } from '../../src/wire/client-offer.js';
import { clientHello, type Offer } from './client-hellos.js';
import { bytesOf, embedded } from './rows.js';

const GREASE = Array.from({ length: 16 }, (_, i) => 0x0a0a + i * 0x1010);

function ja3Of(offer: Offer) {
  const bytes = clientHello(offer);
  return ja3(bytes, 0, bytes.length);
}

function ja4Of(offer: Offer): string {
  const bytes = clientHello(offer);
  return ja4(bytes, 0, bytes.length) ?? 'none';
}

function many(count: number): number[] {
  return Array.from({ length: count }, () => 0x002f);
}

/** `1301,1302` */
function codes(list: string): number[] {
  return list === '' ? [] : list.split(',').map((code) => Number.parseInt(code, 16));
}

/** The offer that a published JA4 was made of, as its raw form tells (JA4.md, "Raw Output"). */
function offerOf(raw: string, protocol: string): Offer {
  const [head, suites, types, algorithms = ''] = raw.split('_');
  const all = new Set(codes(types));
  if (head[3] === 'd') all.add(0);
  if (!head.endsWith('00')) all.add(16);
  const parts = { groups: [0x1d, 0x17, 0x18], formats: [0], versions: [0x0303, 0x0304], protocols: [protocol, 'http/1.1'] };
  return { ...parts, suites: codes(suites), types: [...all], algorithms: codes(algorithms) };
}

/** A hello of a browser, with GREASE wherever browsers have it. */
const browser: Offer = {
  ...offerOf(
    't13d1516h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_' +
      '001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015_0403,0804,0401,0503,0805,0501,0806,0601',
    'h2',
  ),
  sessionId: 'a1'.repeat(32),
  bodies: { 51: '0024 001d 0020'.padEnd(84, '5'), 35: '7469636b', 21: '00'.repeat(180) },
};
const { suites = [], groups = [], algorithms = [], versions = [] } = browser;
const types = browser.types ?? [];
const greased: Offer = {
  ...browser,
  suites: [0x5a5a, ...suites],
  types: [0xfafa, ...types, 0x1a1a],
  groups: [0x3a3a, ...groups],
  algorithms: [0xdada, ...algorithms],
  versions: [0x0a0a, ...versions],
};

describe('JA3 of', () => {
  it.each([
    // github.com/salesforce/ja3, README.md
    ['769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0', 'ada70206e40642a3e4461f35503241d5'],
    ['769,4-5-10-9-100-98-3-6-19-18-99,,,', 'de350869b8c85de67a350c8d186f11e6'],
    // browserleaks.com/tls for Chrome 143
    [
      '771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,' +
        '45-51-16-65037-23-17613-0-11-10-43-65281-35-18-5-13-27,4588-29-23-24,0',
      '98487aa16281980e7d1120d399efb6a4',
    ],
  ])('%s', (text, digest) => {
    const [[version], suites, types, groups, formats] = text.split(',').map((list) => (list === '' ? [] : list.split('-').map(Number)));
    expect(ja3Of({ version, suites, types: types.length > 0 ? types : null, groups, formats })).toEqual({ text, digest });
  });

  it('an empty block of extensions is that of none', () => {
    expect(ja3Of({ suites: [47], types: [] })).toEqual(ja3Of({ suites: [47] }));
  });

  it('the last of two extensions of one type', () => {
    const bytes = bytesOf(`0303 ${'0f'.repeat(32)} 00 0002 002f 01 00 0010  000a 0004 0002 0017  000a 0004 0002 0018`);
    expect(ja3(bytes, 0, bytes.length)?.text).toBe('771,47,10-10,24,');
  });
});

describe('JA4 of', () => {
  it.each([
    // github.com/FoxIO-LLC/ja4, technical_details/JA4.md
    [
      't13d1516h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015_0403,0804,0401,0503,0805,0501,0806,0601',
      't13d1516h2_8daaf6152771_e5627efa2ab1',
    ],
    [
      't13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01',
      't13d1516h2_8daaf6152771_6d807ffa2a79',
    ],
    // The same, python/test/testdata: badcurveball.pcap and sigalg-grease.pcapng
    [
      't13d1615h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035,000a_0000,0017,ff01,000a,000b,0023,0010,0005,000d,0012,0033,002d,002b,001b,0015_0403,0804,0401,0503,0805,0501,0806,0601,0201',
      't13d1615h2_46e7e9700bed_45f260be83e2',
    ],
    [
      't13d1517h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_fe0d,0010,0017,0033,44cd,ff01,000a,000d,0023,002b,000b,ca34,002d,0000,0005,001b,0012_3a3a,0904,0905,0906,0403,0804,0401,0503,0805,0501,0806,0601',
      't13d1517h2_8daaf6152771_cb7bf5808d99',
    ],
    // github.com/FoxIO-LLC/ja4-nginx-module, test/testdata
    [
      't12d2708h1_002f,0033,0035,0039,003c,003d,0067,006b,009c,009d,009e,009f,c009,c00a,c013,c014,c023,c024,c027,c028,c02b,c02c,c02f,c030,cca8,cca9,ccaa_000a,000b,000d,0016,0017,ff01_0403,0503,0603,0807,0808,0809,080a,080b,0804,0805,0806,0401,0501,0601,0303,0301,0302,0402,0502,0602',
      't12d2708h1_a2460661a67a_eed5f1524d5c',
    ],
    [
      't13i3011h2_002f,0033,0035,0039,003c,003d,0067,006b,009c,009d,009e,009f,1301,1302,1303,c009,c00a,c013,c014,c023,c024,c027,c028,c02b,c02c,c02f,c030,cca8,cca9,ccaa_000a,000b,000d,0016,0017,002b,002d,0031,0033,ff01_0905,0906,0904,0403,0503,0603,0807,0808,081a,081b,081c,0809,080a,080b,0804,0805,0806,0401,0501,0601,0303,0301,0302,0402,0502,0602',
      't13i3011h2_1d37bd780c83_882d495ac381',
    ],
  ])('%s', (raw, expected) => expect(ja4Of(offerOf(raw, raw.slice(8, 10) === 'h1' ? 'http/1.1' : 'h2'))).toBe(expected));

  it.each([
    ['ab', 'ab'],
    ['ab cd', 'ad'],
    ['30 ab', '3b'],
    ['30 31 ab cd', '3d'],
    ['30 ab cd 31', '01'],
    ['68 74 74 70 2f 31 2e 31', 'h1'],
    ['5a', 'ZZ'],
    ['2f', '2f'],
    ['', '00'],
  ])('the protocol name %s has the mark %s', (name, mark) => {
    expect(ja4Of({ types: [16], protocols: [bytesOf(name), 'h2'] })).toMatch(new RegExp(`^t12i0001${mark}_`));
  });

  it('no protocol name', () => {
    expect(ja4Of({ types: [16], protocols: [] })).toBe('t12i000100_000000000000_000000000000');
    expect(ja4Of({ types: [16], protocols: [bytesOf('2a2a'), 'h2'] })).toMatch(/^t12i0001h2_/);
    expect(ja4Of({ types: [16], protocols: ['', 'a name of 19 letters'] })).toMatch(/^t12i000100_/);
  });

  it.each([
    [0x0002, [], 's2'],
    [0x0300, [], 's3'],
    [0x0301, [], '10'],
    [0x0302, [], '11'],
    [0x0303, [], '12'],
    [0x0305, [], '00'],
    [0xfefd, [], 'd2'],
    [0x0303, [0x0302, 0x0304, 0x0303], '13'],
    [0x0301, [0x8a8a, 0x0303], '12'],
    [0x0303, [0x7f1c, 0x0304], '00'],
    [0x0303, [0xcaca], '00'],
  ])('version %i with supported_versions %j', (version, versions, mark) => {
    expect(ja4Of({ version, types: versions.length > 0 ? [43] : null, versions }).slice(1, 3)).toBe(mark);
  });

  it('empty lists', () => {
    expect(ja4Of({})).toBe('t12i000000_000000000000_000000000000');
    expect(ja4Of({ suites: [0x4a4a], types: [0, 16, 0x6a6a], protocols: ['h2'] })).toBe('t12d0002h2_000000000000_000000000000');
  });

  it('more than 99 cipher suites and extensions', () => {
    const numbers = (count: number) => Array.from({ length: count }, (_, i) => 0x1000 + i);
    expect(ja4Of({ suites: numbers(99), types: numbers(98) }).slice(4, 8)).toBe('9998');
    expect(ja4Of({ suites: numbers(100), types: numbers(450) }).slice(4, 8)).toBe('9999');
  });
});

describe('both', () => {
  it('leave out GREASE wherever it stands', () => {
    const grease = fc.tuple(fc.constantFrom(...GREASE), fc.nat());
    fc.assert(
      fc.property(fc.array(grease, { minLength: 5, maxLength: 5 }), (extra) => {
        const mixed = [suites, types, groups, algorithms, versions].map((list, i) =>
          list.toSpliced(extra[i][1] % (list.length + 1), 0, extra[i][0]),
        );
        const offer = { ...browser, suites: mixed[0], types: mixed[1], groups: mixed[2], algorithms: mixed[3], versions: mixed[4] };
        expect([ja3Of(offer), ja4Of(offer)]).toEqual([ja3Of(browser), ja4Of(browser)]);
      }),
      { numRuns: 100 },
    );
  });

  it('tell the order of extensions apart in JA3 only', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...types], { minLength: types.length }), (shuffled) => {
        fc.pre(shuffled.join() !== types.join());
        const offer = { ...browser, types: shuffled };
        expect(ja4Of(offer)).toBe(ja4Of(browser));
        expect(ja3Of(offer)?.digest).not.toBe(ja3Of(browser)?.digest);
      }),
      { numRuns: 100 },
    );
  });

  it('read the hello only, wherever it stands', () => {
    const bytes = clientHello(greased);
    const whole = embedded(bytes, 7, 100, 0xff);
    expect(ja3(whole, 7, 7 + bytes.length)).toEqual(ja3Of(browser));
    expect(ja4(whole, 7, 7 + bytes.length)).toBe('t13d1516h2_8daaf6152771_e5627efa2ab1');
  });

  it('have none for a hello cut at any length, except before its extensions', () => {
    const fingerprints = new Fingerprints();
    const bytes = clientHello(greased);
    const before = clientHello({ ...greased, types: null }).length;
    for (let end = 0; end < bytes.length; end++) {
      expect(ja3(bytes, 0, end) !== null, `${end} bytes`).toBe(end === before);
      expect(ja4(bytes, 0, end) !== null, `${end} bytes`).toBe(end === before);
      expect(fingerprints.of(bytes, 0, end), `${end} bytes`).toBe(end === before ? 1 : 0);
    }
  });

  it.each<[string, Offer]>([
    ['session ID of 33 bytes', { sessionId: 'a1'.repeat(33) }],
    ['odd list of groups', { types: [10], bodies: { 10: '0003 001d 00' } }],
    ['list of groups that is too long', { types: [10], bodies: { 10: '0004 001d' } }],
    ['list of groups without its length', { types: [10, 1], bodies: { 10: '00' } }],
    ['list of point formats that is too long', { types: [11], bodies: { 11: '02 00' } }],
    ['list of point formats without its length', { types: [11, 1], bodies: { 11: '' } }],
    ['list of point formats without its length at the end', { types: [11], bodies: { 11: '' } }],
    ['odd list of signature algorithms', { types: [13], bodies: { 13: '0001 04' } }],
    ['odd list of versions', { types: [43], bodies: { 43: '03 0304 03' } }],
    ['list of versions without its length', { types: [43, 1], bodies: { 43: '' } }],
    ['list of versions without its length at the end', { types: [43], bodies: { 43: '' } }],
    ['list of protocols that is too long', { types: [16], bodies: { 16: '0004 02 6832' } }],
    ['protocol that is too long', { types: [16], bodies: { 16: '0003 03 6832 00' } }],
    ['list of protocols without its length', { types: [16, 1], bodies: { 16: '00' } }],
    ['cipher suite too many', { suites: many(MAX_VALUES + 1) }],
    ['extension too many', { suites: many(MAX_VALUES), types: [1] }],
    ['group too many', { suites: many(MAX_VALUES - 2), types: [10], groups: [23, 24] }],
    ['point format too many', { suites: many(MAX_VALUES - 2), types: [11], formats: [0, 1] }],
    ['signature algorithm too many', { suites: many(MAX_VALUES - 2), types: [13], algorithms: [0x0401, 0x0501] }],
    ['part of an extension', { block: '0003 0023 00' }],
    ['extension that is too long', { block: '0005 0023 0002 61' }],
  ])('have none for a hello with a %s', (_, offer) => {
    const bytes = clientHello(offer);
    expect([ja3Of(offer), ja4Of(offer), new Fingerprints().of(bytes, 0, bytes.length)]).toEqual([null, 'none', 0]);
  });

  it('have one for as many values as there may be', () => {
    expect(ja4Of({ suites: many(MAX_VALUES - 3), types: [11], formats: [0, 1] })).toMatch(/^t12i990100_/);
    expect(ja4Of({ suites: many(MAX_VALUES) })).toMatch(/^t12i990000_/);
  });

  it('agree on damaged hellos, and never throw', () => {
    const fingerprints = new Fingerprints();
    const whole = clientHello(greased);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(20), (changes, cut) => {
        const bytes = whole.slice(0, whole.length - (cut < 16 ? 0 : cut - 15));
        for (const [at, value] of changes) bytes[at] = value;
        const expected = { ja3: ja3(bytes, 0, bytes.length)?.digest, ja4: ja4(bytes, 0, bytes.length) };
        const text = fingerprints.text(fingerprints.of(bytes, 0, bytes.length));
        expect(text ?? { ja3: undefined, ja4: null }).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('many hellos', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  function numberOf(fingerprints: Fingerprints, offer: Offer): number {
    const bytes = clientHello(offer);
    return fingerprints.of(bytes, 0, bytes.length);
  }

  it('share a number when they differ in what does not count', () => {
    const fingerprints = new Fingerprints();
    const others: Offer[] = [
      browser,
      greased,
      { ...greased, suites: [0xbaba, ...suites], types: [0x9a9a, ...types, 0x2a2a] },
      { ...browser, random: 'cc'.repeat(32) },
      { ...browser, sessionId: '' },
      { ...browser, name: 'b.example' },
      { ...browser, bodies: { 51: '0000', 35: '', 21: '' } },
      { ...browser, protocols: ['h2', 'http/1.0'] },
    ];
    expect(others.map((offer) => numberOf(fingerprints, offer))).toEqual(others.map(() => 1));
    expect(fingerprints.size).toBe(1);
    expect(fingerprints.text(1)).toEqual({ ja3: ja3Of(browser)?.digest, ja4: ja4Of(browser) });
    expect(fingerprints.text(1)).toBe(fingerprints.text(1));
  });

  const different: Offer[] = [
    browser,
    { ...browser, version: 0x0302 },
    { ...browser, suites: suites.toReversed() },
    { ...browser, suites: suites.slice(1) },
    { ...browser, types: types.toReversed() },
    { ...browser, types: types.filter((type) => type !== 0) },
    { ...browser, groups: [23, 24] },
    { ...browser, formats: [0, 1] },
    { ...browser, algorithms: algorithms.toReversed() },
    { ...browser, versions: [0x0303] },
    { ...browser, protocols: ['http/1.1'] },
    { suites: [1, 2], types: [3] },
    { suites: [1], types: [2, 3] },
    { suites: [1, 2], types: null },
  ];

  it('have different numbers when they differ in what counts', () => {
    const fingerprints = new Fingerprints();
    const numbers = different.map((offer) => numberOf(fingerprints, offer));
    expect(numbers).toEqual(different.map((_, i) => i + 1));
    expect(different.map((offer) => numberOf(fingerprints, offer))).toEqual(numbers);
    expect(numbers.map((number) => fingerprints.text(number))).toEqual(different.map((o) => ({ ja3: ja3Of(o)?.digest, ja4: ja4Of(o) })));
  });

  it('are told apart when all their hashes are the same', () => {
    vi.spyOn(Math, 'imul').mockReturnValue(0);
    const fingerprints = new Fingerprints();
    const numbers = different.map((offer) => numberOf(fingerprints, offer));
    expect(numbers).toEqual(different.map((_, i) => i + 1));
    expect(different.map((offer) => numberOf(fingerprints, offer))).toEqual(numbers);
  });

  it('are numbered up to a limit', () => {
    const fingerprints = new Fingerprints();
    for (let i = 0; i < MAX_FINGERPRINTS; i++) numberOf(fingerprints, { suites: [0x1001 + i] });
    expect([fingerprints.size, fingerprints.unnumbered]).toEqual([MAX_FINGERPRINTS, 0]);
    expect(numberOf(fingerprints, browser)).toBe(0);
    expect(numberOf(fingerprints, browser)).toBe(0);
    expect(numberOf(fingerprints, { suites: [0x1001] })).toBe(1);
    expect([fingerprints.size, fingerprints.unnumbered]).toEqual([MAX_FINGERPRINTS, 2]);
    expect(fingerprints.text(MAX_FINGERPRINTS)?.ja4).toBe(ja4Of({ suites: [0x1000 + MAX_FINGERPRINTS] }));
  });

  it.each([0, -1, 2, 0.5, Number.NaN])('%d stands for none', (number) => {
    const fingerprints = new Fingerprints();
    numberOf(fingerprints, browser);
    expect(fingerprints.text(number)).toBeNull();
  });
});
