import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Data flows down this list: a file may import its own layer and those above it. */
const LAYERS = [
  'model',
  'model.ts',
  'live-model.ts',
  'limits.ts',
  'bytes',
  'argument-error.ts',
  'warning-codes.ts',
  'warnings.ts',
  'wire',
  'capture',
  'tcp',
  'tls',
  'decryption',
  'sessions',
  'analyzer.ts',
  'frame-selection.ts',
  'analyze-bytes.ts',
  'selection',
  'analyze.ts',
  'live',
  'report',
  'evidence-choice.ts',
  'evidence.ts',
  'loading.ts',
  'cli',
  'on-demand.ts',
  'at-once.ts',
  'core.ts',
  'index.ts',
];

/** Layers without Node: they run wherever JavaScript does, and packet time is their only clock. */
const PURE = new Set([
  'model',
  'model.ts',
  'live-model.ts',
  'limits.ts',
  'argument-error.ts',
  'warning-codes.ts',
  'warnings.ts',
  'bytes',
  'wire',
  'tcp',
  'tls',
  'sessions',
  'analyzer.ts',
  'frame-selection.ts',
]);

/** Packages that pure layers may import: plain JavaScript without a dependency. */
const PURE_PACKAGES = /^@noble\/hashes(\/.*)?$/;

/** What closenotify/core and the HTML page import, of whatever layer, is without Node as well. */
const CORE = new Set<string>();

/** Files are meant to have about 300 lines. */
const MAX_LINES = 400;

const source = fileURLToPath(new URL('../src/', import.meta.url));

function collectCore(path: string): void {
  if (CORE.has(path)) return;
  CORE.add(path);
  const code = withoutTypes(withoutComments(readFileSync(source + path, 'utf8')));
  for (const specifier of imports(code)) {
    if (specifier.startsWith('.')) collectCore(join(dirname(path), specifier).replaceAll('\\', '/').replace(/\.js$/, '.ts'));
  }
}

/**
 * What a file does against the rules of the house.
 *
 * @param path relative to `src/`, with `/`
 */
function violations(path: string, text: string): string[] {
  const layer = path.split('/')[0];
  const code = withoutComments(text);
  const found = LAYERS.includes(layer) ? [] : [`${layer} is no layer`];
  const isPure = PURE.has(layer) || CORE.has(path);
  for (const specifier of imports(code)) found.push(...importViolations(path, layer, specifier, isPure));
  const words = withoutText(code);
  if (isPure) {
    for (const [pattern, what] of IMPURE) if (pattern.test(words)) found.push(`${what} in a pure layer`);
  }
  if (/\bexport\s+default\b|\bas\s+default\b/.test(words)) found.push('a default export');
  if (/\bexport\s*\*/.test(words)) found.push('names are exported one by one, not with *');
  const lines = text.replace(/\n$/, '').split('\n').length;
  if (lines > MAX_LINES) found.push(`${lines} lines, more than ${MAX_LINES}`);
  return found;
}

const IMPURE: readonly [RegExp, string][] = [
  [/\bBuffer\b/, 'Buffer'],
  [/\bprocess\.\w/, 'process'],
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/, 'the wall clock'],
];

function importViolations(path: string, layer: string, specifier: string, isPure: boolean): string[] {
  if (!specifier.startsWith('.')) {
    if (!isPure || PURE_PACKAGES.test(specifier)) return [];
    return [`${specifier} in a pure layer`];
  }
  const target = normalize(join(dirname(path), specifier)).replaceAll('\\', '/');
  if (target.startsWith('..')) return [`${specifier} is outside of src`];
  if (!target.endsWith('.js')) return [`${specifier} does not end in .js`];
  const wanted = target.includes('/') ? target.split('/')[0] : target.replace(/\.js$/, '.ts');
  if (LAYERS.indexOf(wanted) > LAYERS.indexOf(layer)) return [`${layer} imports ${wanted}, which stands below it`];
  return LAYERS.includes(wanted) ? [] : [`${specifier} is in no layer`];
}

/** The specifiers of `import … from`, `export … from`, `import '…'`, `import('…')` and `require('…')`. */
function imports(code: string): string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"`])([^'"`]+)\1/g;
  return [...code.matchAll(pattern)].map((match) => match[2]);
}

/** Without the imports of types alone, which are gone at run time. */
function withoutTypes(code: string): string {
  return code.replace(/\b(?:import|export)\s+type\s*\{[^}]*\}\s*from\s*'[^']*'/g, '');
}

const TEXT_OR_COMMENT = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

function withoutComments(text: string): string {
  return text.replace(TEXT_OR_COMMENT, (match) => (match.startsWith('/') ? ' ' : match));
}

/** Empties text in quotes; of templates the expressions stay. */
function withoutText(code: string): string {
  return code.replace(TEXT_OR_COMMENT, (match) =>
    match.startsWith('`') ? [...match.matchAll(/\$\{([^}]*)\}/g)].map((m) => m[1]).join(' ') : "''",
  );
}

collectCore('core.ts');
collectCore('report/html/html.ts');

describe('the order of the layers', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

  it('has sources to look at', () => expect(files).toContain('model.ts'));

  it.each(files.sort())('src/%s', (file) => {
    expect(violations(file.replaceAll('\\', '/'), readFileSync(source + file, 'utf8'))).toEqual([]);
  });
});

it('closenotify/core reads captures', () => {
  expect([...CORE].sort()).toEqual(
    expect.arrayContaining(['capture/pcap.ts', 'capture/pcapng.ts', 'report/json.ts', 'sessions/ledger.ts']),
  );
});

describe('the checker', () => {
  const good: [why: string, path: string, text: string][] = [
    ['a layer above', 'wire/tcp.ts', "import { u16 } from '../bytes/cursor.js';\nimport type { Side } from '../model.js';"],
    ['the own layer', 'tls/tracker.ts', "export { a } from './records/cursor.js';\nimport './other.js';"],
    ['Node where it belongs', 'capture/open.ts', "import { open } from 'node:fs/promises';\nconst b = Buffer.alloc(1);"],
    ['a pure package', 'sessions/digest.ts', "import { sha256 } from '@noble/hashes/sha2.js';"],
    ['Buffer in a comment', 'bytes/hex.ts', "// not a Buffer\n/* import 'node:fs' */\nexport const a = 'Buffer';"],
    ['ArrayBuffer', 'bytes/hex.ts', 'const a = new ArrayBuffer(1);'],
    ['a comment sign inside text', 'bytes/hex.ts', "const a = 'https://example.org'; const b = \"/*\"; const c = '*/';"],
    [
      'the joint of capture and analyzer',
      'analyze.ts',
      "import { open } from './capture/open.js';\nimport { Analyzer } from './analyzer.js';",
    ],
    ['the file at the limit', 'wire/tcp.ts', '\n'.repeat(MAX_LINES)],
    ['the list of names', 'index.ts', "export { analyze } from './analyze.js';\nexport type { Report } from './model.js';"],
  ];
  it.each(good)('accepts %s', (_, path, text) => expect(violations(path, text)).toEqual([]));

  const bad: [why: string, path: string, text: string, message: RegExp][] = [
    ['a layer below', 'wire/tcp.ts', "import { Flow } from '../tcp/flow.js';", /wire imports tcp/],
    ['a type from below', 'tcp/flow.ts', "import type { Cursor } from '../tls/cursor.js';", /tcp imports tls/],
    ['a re-export from below', 'bytes/hex.ts', "export { a } from '../wire/ipv4.js';", /bytes imports wire/],
    ['a dynamic import from below', 'capture/live.ts', "const m = await import('../cli/main.js');", /capture imports cli/],
    ['an import over several lines', 'tls/a.ts', "import {\n  a,\n  b,\n} from '../sessions/a.js';", /tls imports sessions/],
    ['an import without a name', 'report/html.ts', "import '../cli/main.js';", /report imports cli/],
    ['a file below', 'analyzer.ts', "import { analyze } from './analyze.js';", /analyzer\.ts imports analyze\.ts/],
    ['the model importing', 'model.ts', "import { a } from './limits.js';", /model\.ts imports limits\.ts/],
    ['an import of the index', 'cli/main.ts', "import { analyze } from '../index.js';", /cli imports index\.ts/],
    ['Node in a pure layer', 'sessions/a.ts', "import { createHash } from 'node:crypto';", /node:crypto in a pure layer/],
    ['Node through require', 'tcp/a.ts', "const fs = require('fs');", /fs in a pure layer/],
    ['a package in a pure layer', 'tls/a.ts', "import { table } from 'table';", /table in a pure layer/],
    ['Buffer in a pure layer', 'tls/a.ts', 'const a = Buffer.from([]);', /Buffer in a pure layer/],
    ['Buffer in a template', 'tls/a.ts', `const a = \`\${Buffer.from([])}\`;`, /Buffer in a pure layer/],
    ['Buffer behind an address', 'tls/a.ts', "const a = 'http://x'; const b = Buffer.from([]);", /Buffer in a pure layer/],
    ['the wall clock', 'tcp/a.ts', 'const now = Date.now();', /wall clock/],
    ['an unknown folder', 'helpers/a.ts', '', /helpers is no layer/],
    ['an import of an unknown folder', 'cli/a.ts', "import { a } from '../helpers/a.js';", /in no layer/],
    ['a way out of src', 'cli/a.ts', "import { a } from '../../test/a.js';", /outside of src/],
    ['an import of a .ts file', 'cli/a.ts', "import { a } from './b.ts';", /does not end in \.js/],
    ['a default export', 'cli/a.ts', 'export default function main() {}', /default export/],
    ['a renamed default export', 'cli/a.ts', 'export { main as default };', /default export/],
    ['a star export', 'index.ts', "export * from './model.js';", /one by one/],
    ['a long file', 'wire/tcp.ts', '\n'.repeat(MAX_LINES + 1), /401 lines/],
  ];
  it.each(bad)('finds %s', (_, path, text, message) => expect(violations(path, text).join('\n')).toMatch(message));
});
