import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/index.js';
import { browser, noBrowser } from '../support/chromium.js';
import { reportOf, run } from '../support/command.js';
import { fixtures } from '../support/fixtures.js';

const FIXTURE = `${fixtures}jetty-mixed.pcap`;
const TIMEOUT_MILLISECONDS = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'closenotify-browser-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** closenotify/core in one file, for a page. */
async function bundle(): Promise<{ code: string; imports: string[] }> {
  const input = fileURLToPath(new URL('../../dist/core.js', import.meta.url));
  const built = await rolldown({ input, platform: 'browser' });
  const { output } = await built.generate({ format: 'esm', minify: true });
  await built.close();
  return { code: output[0].code, imports: [...output[0].imports, ...output[0].dynamicImports] };
}

describe('closenotify/core', () => {
  it('is bundled for browsers without anything of Node', async () => {
    const { code, imports } = await bundle();
    expect(imports).toEqual([]);
    expect(code).not.toMatch(/\brequire\(|["']node:|\bprocess\.|\bBuffer\b/);
  });

  it('and the whole package with it goes into a program for Node', async () => {
    const index = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
    const program = join(folder, 'program.mjs');
    const text = `const [report, analyzer] = [await analyze(${JSON.stringify(FIXTURE)}), new Analyzer()];`;
    const shown = "console.log([...toTable(report)].join('').split('.')[0], analyzer.finish().totals.tcpConnections);";
    writeFileSync(program, `import { Analyzer, analyze, toTable } from ${JSON.stringify(index)};\n${text}\n${shown}\n`);
    const built = await rolldown({ input: program, platform: 'node' });
    await built.write({ dir: join(folder, 'built'), format: 'esm' });
    await built.close();
    const { stdout, stderr } = await run(process.execPath, [join(folder, 'built/program.js')]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^2 sessions invalidated after an unclean close.* 0\n$/s);
  });

  it.skipIf(noBrowser !== null)(
    `analyzes a capture in Chromium (skipped where there is none: ${noBrowser})`,
    async () => {
      writeFileSync(join(folder, 'core.js'), (await bundle()).code);
      const page = join(folder, 'page.html');
      writeFileSync(page, pageOf(readFileSync(FIXTURE)));
      const args = [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--allow-file-access-from-files',
        '--virtual-time-budget=20000',
        '--dump-dom',
      ];
      const { stdout, stderr } = await run(browser ?? '', [...args, `--user-data-dir=${folder}/profile`, pathToFileURL(page).href]);
      const text = /<pre>([^<]+)<\/pre>/.exec(stdout)?.[1];
      if (text === undefined) throw new Error(`no report in the page:\n${stdout}\n${stderr}`);
      const report: Report = JSON.parse(Buffer.from(text, 'base64').toString());
      const { capture, ...rest } = await reportOf(FIXTURE);
      expect({ ...report, capture: undefined }).toEqual({ ...rest, capture: undefined });
      expect(report.capture.sources).toEqual([{ ...capture.sources[0], name: 'jetty-mixed.pcap' }]);
    },
    TIMEOUT_MILLISECONDS,
  );
});

/** Analyzes the bytes as if the user had chosen a file, and shows the report in base64: nothing in it can be taken for HTML. */
function pageOf(capture: Uint8Array): string {
  return `<!doctype html><meta charset="utf-8"><title>closenotify</title><body><script type="module">
import { analyzeBytes } from './core.js';
const bytes = Uint8Array.from(atob('${Buffer.from(capture).toString('base64')}'), (c) => c.charCodeAt(0));
const file = new File([bytes], 'jetty-mixed.pcap');
const show = (value) => {
  const utf8 = new TextEncoder().encode(JSON.stringify(value));
  document.body.append(Object.assign(document.createElement('pre'), { textContent: btoa(String.fromCharCode(...utf8)) }));
};
analyzeBytes(file.stream(), { name: file.name, keep: 'all' }).then(show, (error) => show({ error: String(error) }));
</script>`;
}
