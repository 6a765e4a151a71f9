#!/usr/bin/env node
// Writes man/closenotify.1 from the tables that the help is made of. `node scripts/generate-man.mjs -` prints it. Needs a build.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { COMMANDS } from '../dist/cli/commands.js';
import { EXIT_STATUS, optionWords } from '../dist/cli/help.js';

const { version, description } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Text of which roff takes nothing for a request or an escape. */
const plain = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
const bold = (text) => `\\fB${plain(text)}\\fR`;

function page() {
  const lines = [
    '.\\" Made by npm run man: edit src/cli/options.ts and src/cli/commands.ts instead.',
    `.TH CLOSENOTIFY 1 "" "closenotify ${version}" "User Commands"`,
    '.SH NAME',
    `closenotify \\- ${plain(description.replace(/\.$/, '').replace(/^F/, 'f'))}`,
    '.SH SYNOPSIS',
    ...COMMANDS.flatMap(({ usage }, i) => [...(i > 0 ? ['.br'] : []), `${bold('closenotify')} ${plain(usage)}`]),
    '.SH DESCRIPTION',
    ...paragraphs(COMMANDS[0].purpose),
    ...COMMANDS.flatMap(section),
    '.SH EXIT STATUS',
    ...EXIT_STATUS.flatMap(([status, meaning]) => ['.TP', bold(status), plain(meaning)]),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, meaning]) => ['.TP', bold(name), plain(meaning)]),
    '.SH EXAMPLES',
    ...COMMANDS.flatMap(({ examples }) => examples).flatMap((example) => ['.PP', '.nf', plain(example), '.fi']),
    '.SH SEE ALSO',
    `${bold('tcpdump')}(8), ${bold('tshark')}(1), ${bold('mergecap')}(1)`,
  ];
  return `${lines.join('\n')}\n`;
}

const ENVIRONMENT = [
  ['SSLKEYLOGFILE', 'a TLS key log to decrypt with, where --key-log is not given'],
  ['NO_COLOR, FORCE_COLOR', 'no colours, or colours also where the output is no terminal'],
  ['CLOSENOTIFY_DEBUG', '1: where a defect of closenotify happened'],
];

function section({ name, purpose, options }, i) {
  const told = i === 0 ? [] : paragraphs(purpose);
  const rows = options.flatMap((option) => ['.TP', bold(optionWords(option)), plain(option.help)]);
  return [`.SH ${name.toUpperCase()}`, ...told, ...rows];
}

function paragraphs(texts) {
  return texts.flatMap((text) => ['.PP', plain(text)]);
}

if (process.argv[2] === '-') process.stdout.write(page());
else {
  mkdirSync(new URL('../man', import.meta.url), { recursive: true });
  writeFileSync(new URL('../man/closenotify.1', import.meta.url), page());
}
