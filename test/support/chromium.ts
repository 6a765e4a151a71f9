import { run } from './command.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser that is installed, by its command; null where there is none. */
export const browser = await findBrowser();

/** Why tests in a browser are skipped; null where they are not. In CI they never are. */
export const noBrowser = browser === null ? `none of ${NAMES.join(', ')} is installed` : null;
if (noBrowser !== null && process.env.CI !== undefined && process.env.CI !== '') throw new Error(noBrowser);

async function findBrowser(): Promise<string | null> {
  for (const name of NAMES) if ((await run(name, ['--version'])).status === 0) return name;
  return null;
}
