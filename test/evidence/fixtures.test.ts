// The built command writes evidence of every fixture with findings: the same is told of it alone.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.js';
import type { Report } from '../../src/model.js';
import { scratchDirectory } from '../capture/collect.js';
import { installedVersion } from '../differential/tshark.js';
import { run } from '../support/command.js';
import { fixtures } from '../support/fixtures.js';
import { SMALL_TABLES } from '../twins/reading.js';
import { mapped, originalNumbers } from './told.js';

const program = new URL('../../dist/cli/program.js', import.meta.url).href;
const scratch = scratchDirectory();
/** In CI a missing tshark is a failure, so that the comparison cannot be skipped unnoticed. */
const isRequired = process.env.CI !== undefined;
const isInstalled = (await installedVersion()) !== null;

const files = ['', 'cases/'].flatMap((folder) =>
  readdirSync(fixtures + folder)
    .filter((file) => /\.pcap(ng)?(\.gz)?$/.test(file))
    .map((file) => folder + file),
);

interface Written {
  file: string;
  path: string;
  report: Report;
}

let found: Written[];

beforeAll(async () => {
  const analyzed: Written[] = [];
  for (const file of files) {
    const path = scratch.path(`${basename(file)}.evidence`);
    analyzed.push({ file, path, report: await analyze(fixtures + file, { limits: SMALL_TABLES }) });
  }
  found = analyzed.filter(({ report }) => report.findings.length > 0);
  // One process for all: starting it takes longer than its work.
  const commands = found.map(({ file, path }) => [fixtures + file, '--format', 'json', '--output', `${path}.json`, '--evidence', path]);
  const script = `import { main } from ${JSON.stringify(program)};
    for (const words of JSON.parse(process.argv[1])) console.log(await main(words, process));`;
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(commands)]);
  const isDamaged = ({ report }: Written) => report.capture.sources.some(({ truncated }) => truncated);
  expect(stdout.trim().split('\n').map(Number)).toEqual(found.map((one) => (isDamaged(one) ? 3 : 0)));
  expect(
    stderr
      .trim()
      .split('\n')
      .filter((line) => line !== ''),
  ).toHaveLength(found.filter(isDamaged).length);
  for (const { file, path, report } of found) {
    expect([file, JSON.parse(readFileSync(`${path}.json`, 'utf8')).findings]).toEqual([file, report.findings]);
  }
}, 60_000);

describe('evidence of the fixtures', () => {
  it('is of many kinds', () => {
    const findings = found.flatMap(({ report }) => report.findings);
    expect(new Set(findings.map(({ confidence }) => confidence))).toEqual(new Set(['high', 'medium', 'low']));
    expect(new Set(findings.map(({ cause }) => cause))).toEqual(new Set(['unclean-close', 'reset-race']));
    expect(found.length).toBeGreaterThan(25);
  });

  it('tells the same alone: sessions, stories, confidence, with frames that have the same bytes and times', async () => {
    for (const { file, path, report } of found) {
      const numbers = await originalNumbers([fixtures + file], path);
      const alone = await analyze(path, { limits: SMALL_TABLES });
      expect([file, mapped(alone.findings, (frame) => numbers[frame - 1])]).toEqual([file, mapped(report.findings, (frame) => frame)]);
    }
  });
});

describe.skipIf(!isInstalled && !isRequired)('Wireshark', () => {
  /** Files of pcapng that follow each other are one file. */
  const joined = scratch.path('all.pcapng');

  it('reads it without a complaint, and shows the comments', async () => {
    writeFileSync(joined, Buffer.concat(found.map(({ path }) => readFileSync(path))));
    const env = { WIRESHARK_CONFIG_DIR: scratch.path('none'), WIRESHARK_PLUGIN_DIR: scratch.path('none') };
    const fields = ['-T', 'fields', '-e', 'frame.number', '-e', 'frame.comment', '-E', 'separator=/t', '-E', 'aggregator=|'];
    const { status, stdout, stderr } = await run('tshark', ['-n', '-r', joined, ...fields], env);
    const complaints = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user "root"'));
    expect([status, complaints]).toEqual([0, []]);
    const comments = stdout.split('\n').flatMap(
      (line) =>
        line
          .split('\t')[1]
          ?.split('|')
          .filter((text) => text !== '') ?? [],
    );
    for (const { file, report } of found) {
      for (const { culprit, declines, session } of report.findings) {
        const short = session.id.slice(0, 8);
        expect([file, comments]).toEqual([
          file,
          expect.arrayContaining([
            expect.stringMatching(
              new RegExp(
                `^frame ${culprit.frame} of the capture: ${culprit.by} .*session ${short}….*(most likely this|this is suspected to have) cost the session`,
              ),
            ),
            expect.stringMatching(new RegExp(`^frame ${declines[0].clientHello} of the capture: offers session ${short}…: declined`)),
            expect.stringMatching(new RegExp(`^frame ${declines[0].serverHello} of the capture: declines session ${short}…`)),
          ]),
        ]);
      }
    }
  });
});
