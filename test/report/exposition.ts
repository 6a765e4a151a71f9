/** A strict reader of Prometheus' text exposition format 0.0.4: what the format leaves open is an error here. */

export interface Family {
  name: string;
  type: 'counter' | 'gauge';
  help: string;
  samples: { labels: Record<string, string>; value: number }[];
}

export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let help: { name: string; text: string } | null = null;
  let family: Family | null = null;
  for (const [i, line] of text.slice(0, -1).split('\n').entries()) {
    const wrong = (what: string) => new Error(`line ${i + 1}: ${what}: ${line}`);
    if (line === '') continue;
    if (line.startsWith('# HELP ')) {
      const match = /^# HELP ([a-zA-Z_:][\w:]*) (\S.*)$/s.exec(line);
      if (!match || help !== null) throw wrong('a bad HELP');
      if (/\\(?![\\n])/.test(match[2].replaceAll('\\\\', ''))) throw wrong('a bad escape');
      help = { name: match[1], text: match[2].replaceAll(/\\([\\n])/g, (_, c) => (c === 'n' ? '\n' : c)) };
    } else if (line.startsWith('# TYPE ')) {
      const match = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge)$/.exec(line);
      if (!match) throw wrong('a bad TYPE');
      if (help?.name !== match[1]) throw wrong('TYPE without its HELP');
      if (families.has(match[1])) throw wrong('a second TYPE');
      if ((match[2] === 'counter') !== match[1].endsWith('_total')) throw wrong('counters, and only these, end in _total');
      family = { name: match[1], type: match[2] as Family['type'], help: help.text, samples: [] };
      families.set(match[1], family);
      help = null;
    } else {
      const { name, labels, value } = parseSample(line, wrong);
      if (family === null || name !== family.name) throw wrong('a sample away from its TYPE');
      const key = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
      if (seen.has(key)) throw wrong('a series twice');
      seen.add(key);
      if (family.type === 'counter' && !(value >= 0)) throw wrong('a counter below 0');
      family.samples.push({ labels, value });
    }
  }
  if (help !== null) throw new Error('HELP without TYPE');
  return families;
}

function parseSample(line: string, wrong: (what: string) => Error): { name: string; labels: Record<string, string>; value: number } {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s.exec(line);
  if (!match) throw wrong('not a sample');
  const labels: Record<string, string> = {};
  let rest = match[2] ?? '';
  if (match[2] === '') throw wrong('empty braces');
  while (rest !== '') {
    const label = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?=.)|$)/s.exec(rest);
    if (!label) throw wrong('a bad label');
    if (label[1].startsWith('__') || label[1] in labels) throw wrong('a reserved or second label');
    labels[label[1]] = label[2].replaceAll(/\\([\\"n])/g, (_, c) => (c === 'n' ? '\n' : c));
    rest = rest.slice(label[0].length);
  }
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/.test(match[3])) throw wrong('not a finite number');
  return { name: match[1], labels, value: Number(match[3]) };
}
