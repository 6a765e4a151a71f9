import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../../src/model.js';
import { html as htmlOf } from '../../../src/report/html/html.js';
import { tables } from '../../../src/report/html/page/data.js';
import { DARK, LIGHT } from '../../../src/report/html/palette.js';
import { chosenStories } from '../../../src/report/html/stories.js';
import { reportOf } from '../../support/command.js';
import { fixtures } from '../../support/fixtures.js';
import { harmInTable } from '../../support/hostile.js';
import { EMPTY, FORUM, HOSTILE_TEXTS, hostile, MIXED, many } from '../reports.js';
import { largeReport } from './large.js';

function page(report: Report): string {
  return [...htmlOf(report)].join('');
}

/** What stands between the tags of each element of this name. */
function contents(text: string, tag: string): string[] {
  return [...text.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(([, content]) => content);
}

describe('the policy of the page', () => {
  const text = page(FORUM);
  const [policy] = /(?<=http-equiv="Content-Security-Policy" content=")[^"]*/.exec(text) ?? [''];
  const directives = new Map(policy.split('; ').map((directive) => directive.split(/ (.*)/) as [string, string]));

  it('allows its own style and script alone, by their hashes', () => {
    const sha256 = (content: string) => `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
    const [scripts, styles] = [contents(text, 'script'), contents(text, 'style')];
    expect([scripts.length, styles.length]).toEqual([1, 1]);
    expect(directives.get('default-src')).toBe("'none'");
    expect(directives.get('script-src')).toBe(sha256(scripts[0]));
    expect(directives.get('style-src')).toBe(sha256(styles[0]));
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  });

  it('comes before what it is about, and nothing needs an exception from it', () => {
    expect(text.indexOf('Content-Security-Policy')).toBeLessThan(text.indexOf('<style>'));
    expect(text).not.toMatch(/<[^>]*\s(?:style|on[a-z]+)=/);
    expect(text).not.toMatch(/(?:src|href)="(?!#)/);
    expect(text).not.toMatch(/url\(|@import/);
  });
});

describe('hostile text', () => {
  const MARKUP = [
    '<img src=x onerror=alert(1)>',
    '</script><script>alert(1)</script>',
    '<!--<script>',
    '"><svg onload=alert(1)>',
    "'onfocus='alert(1)",
    ']]>',
    '&lt;b&gt;',
  ];
  const names = (text: string) => [...text.matchAll(/<\/?([a-zA-Z][\w-]*)/g)].map(([, name]) => name);
  const plain = [...new Set(names(page(hostile('x'))))].sort();

  it.each([...MARKUP, ...HOSTILE_TEXTS].map((text) => [JSON.stringify(text).slice(0, 40), text]))(
    '%s makes no markup',
    (_, hostileText) => {
      const text = page(hostile(hostileText));
      const [script] = contents(text, 'script');
      const rest = text.replace(script, '');
      expect([...new Set(names(rest))].sort()).toEqual(plain);
      expect(rest.match(/<script/g)).toHaveLength(page(hostile('x')).match(/<script/g)?.length ?? 0);
      for (const line of rest.split('\n')) expect(harmInTable(line)).toBeNull();
      for (const [, json] of rest.matchAll(/type="application\/json"[^>]*>(.*?)<\/script>/gs)) {
        expect(json).not.toContain('<');
        expect(() => JSON.parse(json)).not.toThrow();
      }
      expect(text.length).toBeLessThan(250_000);
    },
  );
});

describe('what the page tells', () => {
  it('is the verdict first, then the evidence with its intervals, and the story in frames', () => {
    const text = page(MIXED);
    const wanted = ['2 sessions invalidated', 'It declined 4 of 4 after a FIN', 'Evidence:', 'frame.number in {33, 61'];
    const places = wanted.map((words) => text.indexOf(words));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(text).toContain('4 of 4: 100 % (51 to 100 %)');
    expect(text).toContain('frame 61, +0.039765 s, stream 2: client FIN without close_notify');
  });

  it('has each hello, close and end of a kept connection as a mark', async () => {
    const text = page(await reportOf(`${fixtures}jetty-mixed.pcap`));
    for (const words of [
      'ServerHello: the server resumes the session',
      'ServerHello: the server DECLINES the session',
      'client close_notify (encrypted: inferred)',
      'client RST without close_notify. This close most likely cost the session',
      'server FIN, close_notify inferred: clean',
    ])
      expect(text).toContain(words);
  });

  it('is well formed: every element is closed, every identifier is there once, every reference leads somewhere', () => {
    for (const report of [EMPTY, FORUM, MIXED, largeReport(500)]) {
      const text = page(report).replace(/<(style|script)[^>]*>.*?<\/\1>/gs, '');
      expect(unclosed(text)).toEqual([]);
      const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const [, list] of text.matchAll(/ (?:aria-labelledby|aria-describedby|href)="#?([^"]+)"/g)) expect(ids).toContain(list);
    }
  });

  it('is of nothing where there is nothing', () =>
    expect(page(EMPTY)).toContain('<h1>Nothing flagged</h1>\n<p class="lead">There are no frames to read.</p>'));

  it('has a story where no connection is kept', () => {
    const text = page({ ...FORUM, connections: [], sessions: [] });
    expect(text).toContain('frame 9668');
    expect(text).toContain('None are kept in this report.');
  });
});

describe('many findings', () => {
  it('are folded: three of equal stories, twenty of a server, sixty in all', () => {
    expect(chosenStories(many(1, 30).findings)).toEqual([0, 1, 2]);
    expect(chosenStories(many(40, 3).findings)).toHaveLength(60);
    const ways = (['high', 'medium', 'low'] as const).flatMap((confidence) =>
      (['client', 'server'] as const).flatMap((by) =>
        (['fin', 'rst'] as const).flatMap((end) =>
          (['unclean', 'reset-race'] as const).map((state) => ({ confidence, culprit: { by, end, state } })),
        ),
      ),
    );
    const different = many(1, ways.length).findings.map((finding, i) => {
      const { confidence, culprit } = ways[i];
      return { ...finding, confidence, culprit: { ...finding.culprit, ...culprit } };
    });
    expect(ways.length).toBeGreaterThan(20);
    expect(chosenStories(different)).toHaveLength(20);
  });

  it('are all in a table', () => {
    expect(page(many(1, 30))).toContain('All findings (30)');
    expect(page(MIXED)).not.toContain('All findings');
  });
});

describe('100,000 connections', () => {
  const report = largeReport(100_000);

  it('are a page of less than 15 MB, written in pieces', () => {
    let bytes = 0;
    for (const piece of htmlOf(report)) {
      bytes += Buffer.byteLength(piece);
      expect(piece.length).toBeLessThan(1 << 18);
    }
    expect(bytes).toBeLessThan(15e6);
  });

  it('are read from the page as they were', () => {
    const text = page(largeReport(5000));
    const blocks = new Map([...text.matchAll(/id="([a-z]+-data)">(.*?)<\/script>/gs)].map(([, id, json]) => [id, json]));
    // The part of the page's script that reads them needs of a document only this.
    Object.assign(globalThis, { document: { getElementById: (id: string) => ({ textContent: blocks.get(id) }) } });
    const { read, join } = tables();
    const [connections, sessions, findings] = ['connections', 'sessions', 'findings'].map((name) => read(`${name}-data`));
    join(findings, 'id', 'session', sessions);
    for (const i of [0, 1, 63, 4095, 4096, 4995]) {
      const { client, frames, start, serverName } = report.connections[i];
      expect([connections.number('stream', i), connections.text('client', i), connections.number('port', i)]).toEqual([
        i,
        client.address,
        client.port,
      ]);
      expect([connections.number('first', i), connections.text('name', i)]).toEqual([frames.first, serverName]);
      expect(connections.number('start', i) / 1e6).toBeCloseTo(start - report.connections[0].start, 5);
      expect(sessions.text('id', i)).toBe(report.sessions[i].id);
      expect(sessions.number('issued', i)).toBe(report.sessions[i].issued?.frame);
      expect(findings.text('id', i)).toBe(report.findings[i].session.id);
      expect(connections.text('alerts', i)).toBe('');
    }
    Reflect.deleteProperty(globalThis, 'document');
  });
});

describe('colours', () => {
  const luminance = (colour: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const pairs = Object.entries({ light: LIGHT, dark: DARK }).flatMap(([scheme, { inks, grounds }]) =>
    Object.entries(inks).flatMap(([ink, colour]) =>
      Object.entries(grounds).map(([ground, behind]): [string, string, string] => [`${scheme} ${ink} on ${ground}`, colour, behind]),
    ),
  );

  // WCAG 2.2, 1.4.3: level AA of text.
  it.each(pairs)('%s can be read', (_, ink, ground) => expect(contrast(ink, ground)).toBeGreaterThanOrEqual(4.5));
});

/** Elements that are opened and not closed, or the other way round. */
function unclosed(text: string): string[] {
  const open: string[] = [];
  for (const [, slash, name, empty] of text.matchAll(/<(\/?)([a-z][\w-]*)[^>]*?(\/?)>/g)) {
    if (empty !== '' || VOID.has(name)) continue;
    if (slash === '') open.push(name);
    else if (open.pop() !== name) return [`</${name}>`, ...open];
  }
  return open;
}

const VOID = new Set(['meta', 'input', 'br']);
