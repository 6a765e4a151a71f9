import { defineConfig } from 'vitest/config';

/** Tests of what runs beside others: the command line, captures of interfaces, browsers, packages. Each file has a process of its own. */
const PROCESSES = [
  'test/{bench,capture/live,cli,evidence,examples,live,package,support}/**/*.test.ts',
  'test/{loading,readme}.test.ts',
  'test/report/html/page.test.ts',
  'test/twins/command.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    // Of few processors none is left idle: many tests wait for processes that they start.
    maxWorkers: '100%',
    projects: [
      { extends: true, test: { name: 'processes', include: PROCESSES } },
      // What computes leaves nothing behind: to start a process for each file takes longer than most of the files.
      { extends: true, test: { name: 'layers', include: ['test/**/*.test.ts'], exclude: PROCESSES, isolate: false } },
    ],
  },
});
