#!/usr/bin/env node
import { load } from './load.js';

const { main } = await load('./program.js', () => import('./program.js'));

process.exitCode = await main(process.argv.slice(2), process);
