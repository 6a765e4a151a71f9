// Interfaces that go away, parents that die, and permissions that are not there: in a network namespace, by programs of their own
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../support/command.js';
import { ascii } from '../build.js';
import { scratchDirectory } from '../collect.js';
import { childOf, isRequired, isRunning, obstacle, until } from './real.js';

const reason = await obstacle();
const scratch = scratchDirectory();
const NAMESPACE = `closenotify-${process.pid}`;
const VETH = 'cnv0';
const dist = (path: string) => JSON.stringify(pathToFileURL(fileURLToPath(new URL(`../../../dist/${path}`, import.meta.url))).href);

/** Captures from the device that it is given, and tells each step as a line of JSON. */
const PROGRAM = scratch.write(
  'capture.mjs',
  ascii(`
    const { openDevice } = await import(${dist('capture/live/capture-process.js')});
    const { listInterfaces } = await import(${dist('capture/live/interfaces.js')});
    const { readCapture } = await import(${dist('capture/read.js')});
    const { Warnings } = await import(${dist('warnings.js')});
    const tell = (line) => console.log(JSON.stringify(line));
    const plain = ({ code, message, hints }) => ({ code, message, hints });
    const [device, filter] = process.argv.slice(2);
    const { problem } = await listInterfaces();
    if (problem) tell({ problem: plain(problem) });
    try {
      const capture = await openDevice({ device, filter });
      tell({ opened: capture.linkType });
      const warnings = new Warnings();
      const reading = readCapture([{ name: device, stream: capture.stream }], { frame() {} }, warnings);
      let step = await reading.next();
      while (!step.done) step = await reading.next();
      const end = await capture.ended;
      tell({ frames: step.value[0].frames, warnings: warnings.list().length, reason: end.reason, error: end.error && plain(end.error) });
    } catch (error) {
      tell({ failed: plain(error) });
    }
  `),
);

it.runIf(isRequired)('captures can be tested', () => expect(reason).toBeNull());

describe.skipIf(reason !== null)(`a capture in a network namespace (skipped where it cannot be: ${reason ?? 'it can'})`, () => {
  beforeAll(() => ip('netns', 'add', NAMESPACE));
  afterAll(() => ip('netns', 'del', NAMESPACE));

  beforeEach(async () => {
    await run('ip', ['-n', NAMESPACE, 'link', 'del', VETH]);
    await inside('link', 'add', VETH, 'type', 'veth', 'peer', 'name', 'cnv1');
    await inside('addr', 'add', '192.0.2.1/24', 'dev', VETH);
    await inside('link', 'set', VETH, 'up');
    await inside('link', 'set', 'cnv1', 'up');
  });

  it.each([
    ['goes down', ['link', 'set', VETH, 'down']],
    ['is removed', ['link', 'del', VETH]],
  ])('says so when its interface %s, and leaves no core dump', async (_, command) => {
    const capture = start(VETH);
    await until(() => capture.lines.some((line) => 'opened' in line));
    await inside(...command);
    await capture.ended;
    expect(capture.lines.at(-1)).toMatchObject({
      warnings: 0,
      reason: 'failed',
      error: { code: 'ERR_CAPTURE_ENDED', message: `${VETH}: the capture ended: the interface went down or was removed` },
    });
    expect(readdirSync(scratch.path('')).filter((name) => name.startsWith('core'))).toEqual([]);
  });

  it('says that an interface is down', async () => {
    await inside('link', 'set', VETH, 'down');
    const capture = start(VETH);
    await capture.ended;
    expect(capture.lines).toEqual([
      { failed: { code: 'ERR_NO_DEVICE', message: `${VETH}: the interface is down`, hints: [`bring it up: sudo ip link set ${VETH} up`] } },
    ]);
  });

  it('says that it may not', async () => {
    const capture = start(VETH, ['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw']);
    await capture.ended;
    const refused = { code: 'ERR_CAPTURE_PERMISSION', hints: expect.arrayContaining([expect.stringContaining('setcap')]) };
    expect(capture.lines).toMatchObject([{ problem: refused }, { failed: { ...refused, message: `${VETH}: no permission to capture` } }]);
  });

  it('ends with its parent, however that ends', async () => {
    const { child, lines, ended } = start(VETH);
    await until(() => lines.length > 0);
    const capturing = childOf(child.pid ?? 0);
    child.kill('SIGKILL');
    await ended;
    await until(() => !isRunning(capturing));
  });
});

/** The program in the namespace, where core dumps are allowed. */
function start(device: string, before: string[] = []): { child: ChildProcess; lines: object[]; ended: Promise<unknown> } {
  const shell = ['sh', '-c', 'ulimit -c unlimited; exec "$@"', 'sh'];
  const args = ['netns', 'exec', NAMESPACE, ...shell, ...before, process.execPath, PROGRAM, device, ''];
  const child = spawn('ip', args, { cwd: scratch.path(''), stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: object[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((line) => JSON.parse(line) as object));
  });
  return { child, lines, ended: new Promise((resolve) => child.once('close', resolve)) };
}

function inside(...args: string[]): Promise<void> {
  return ip('-n', NAMESPACE, ...args);
}

async function ip(...args: string[]): Promise<void> {
  const { status, stderr } = await run('ip', args);
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}
