#!/usr/bin/env node
import { load } from '../loading.js';

const { main } = await load(import.meta.url, './program.js', () => import('./program.js'));

process.exitCode = await main(process.argv.slice(2), process);
