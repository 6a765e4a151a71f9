// What this process may do, and how it gives that up: credentials(7), capabilities(7)
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userError } from './capture-error.js';

/** Number of CAP_NET_RAW: packet sockets may be opened. */
const NET_RAW = 13n;

/** Whether an interface may be opened, as far as can be told without doing it; null where it cannot. */
export function mayCapture(): boolean | null {
  if (process.platform === 'linux') {
    const capabilities = effectiveCapabilities();
    if (capabilities !== null) return ((capabilities >> NET_RAW) & 1n) === 1n;
  }
  return process.geteuid?.() === 0 ? true : null;
}

/**
 * Becomes a user, with the groups of that user, for good: there is no way back to root.
 *
 * @throws when that cannot be done, or not for good
 */
export function dropPrivileges(user: string): void {
  const { initgroups, setgid, setuid } = process as typeof process & { initgroups?(user: string, group: number): void };
  if (!initgroups || !setgid || !setuid) throw new Error('this system has no users to change to');
  const [uid, gid] = [idOf('-u', user), idOf('-g', user)];
  initgroups(user, gid);
  setgid(gid);
  setuid(uid);
  try {
    setuid(0);
  } catch {
    if ((process.platform === 'linux' && effectiveCapabilities()) || process.geteuid?.() !== uid) throw new Error('capabilities were kept');
    return;
  }
  throw new Error('root could be taken back');
}

/** @throws {CaptureError} when that cannot be done */
export function becomeUser(user: string): void {
  try {
    dropPrivileges(user);
  } catch (error) {
    throw userError(user, error instanceof Error ? error.message : String(error));
  }
}

/** Node does not look up the group of a user, and names of the network only the system knows. */
function idOf(what: '-u' | '-g', user: string): number {
  let text: string;
  try {
    text = execFileSync('id', [what, '--', user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch (error) {
    throw new Error(error instanceof Error && 'status' in error && error.status === 1 ? 'no such user' : 'the program id cannot be run');
  }
  if (!/^\d+$/.test(text)) throw new Error(`the program id says ${text}`);
  return Number(text);
}

/** Null where the system does not tell. */
function effectiveCapabilities(): bigint | null {
  try {
    const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    return hex === undefined ? null : BigInt(`0x${hex}`);
  } catch {
    return null;
  }
}
