// What /proc and GET /metrics tell of running processes.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { performance } from 'node:perf_hooks';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const HTTP_MILLISECONDS = 30_000;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)(?: -?\d+)?$/;

/** A process and those that it started: memory in KiB, CPU time in seconds. Empty when it is gone. */
export function family(pid) {
  const members = [];
  const queue = [pid];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const member = processOf(next);
    if (member === null) continue;
    members.push({ role: next === pid ? 'parent' : 'child', ...member });
    queue.push(...childrenOf(next));
  }
  return members;
}

export function processOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    const kib = (field) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    return { pid, rss: kib('VmRSS'), highWater: kib('VmHWM'), cpu: (Number(user) + Number(system)) / TICKS_PER_SECOND };
  } catch {
    return null;
  }
}

function childrenOf(pid) {
  try {
    const texts = readdirSync(`/proc/${pid}/task`).map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'));
    return texts.join(' ').split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** One GET /metrics: how long it took, and what it says. */
export function scrape(port) {
  const begin = performance.now();
  return new Promise((settle) => {
    const fail = (error) => settle({ milliseconds: performance.now() - begin, values: null, errors: [error] });
    const request = get({ host: '127.0.0.1', port, path: '/metrics', timeout: HTTP_MILLISECONDS }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', (error) => fail(error.message));
      response.on('end', () => {
        const milliseconds = performance.now() - begin;
        if (response.statusCode !== 200) fail(`status ${response.statusCode}`);
        else settle({ milliseconds, ...parseMetrics(Buffer.concat(chunks).toString()) });
      });
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => fail(error.message));
  });
}

/** The text format of Prometheus: samples by name and labels, and every line that is not right. */
function parseMetrics(text) {
  const values = new Map();
  const types = new Map();
  const errors = [];
  if (!text.endsWith('\n')) errors.push('the last line has no end');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.startsWith('#')) {
      const [, type, name, what] = /^# (TYPE|HELP) (\S+) ?(.*)$/.exec(line) ?? [];
      if (type === undefined) errors.push(`comment: ${line}`);
      if (type === 'TYPE') types.set(name, what);
      continue;
    }
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (name === undefined || !isNumber(value)) errors.push(`sample: ${line}`);
    else if (values.has(name + labels)) errors.push(`twice: ${line}`);
    else {
      if (!types.has(name) && !types.has(name.replace(/_(bucket|sum|count)$/, ''))) errors.push(`no type: ${name}`);
      values.set(name + labels, Number(value.replace('Inf', 'Infinity')));
    }
  }
  return { values, types, errors };
}

function isNumber(text) {
  return /^[+-]?(Inf|NaN|\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?)$/.test(text);
}

/** Counters that went back since the last scrape. */
export function backwards(before, after) {
  const found = [];
  for (const [name, value] of after.values) {
    const type = after.types.get(name.replace(/\{.*/s, ''));
    if (type === 'counter' && value < (before.values.get(name) ?? 0))
      found.push(`${name} went from ${before.values.get(name)} to ${value}`);
  }
  return found;
}
