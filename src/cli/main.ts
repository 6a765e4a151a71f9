#!/usr/bin/env node
import { load } from '../loading.js';

const { main } = await load(import.meta.url, './program.js', () => import('./program.js'));

process.exitCode = await main(process.argv.slice(2), process);
// Left to itself, Node waits for what the compiler's threads still compile. Where a stream is not written to its end, it has to.
if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit();
