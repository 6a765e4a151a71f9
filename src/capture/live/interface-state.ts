// What Linux says of its network interfaces: sysfs, Documentation/ABI/testing/sysfs-class-net
import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

const FOLDER = '/sys/class/net';
/** Of the flags: IFF_UP, if.h. */
const UP = 1;

/** Names of the interfaces of this machine; elsewhere than on Linux of those that have an address. */
export function interfaceNames(): string[] {
  try {
    return readdirSync(FOLDER).sort();
  } catch {
    return Object.keys(networkInterfaces());
  }
}

/** Whether an interface is up; null where that cannot be told, as of `any`. */
export function isInterfaceUp(name: string): boolean | null {
  if (name.includes('/') || name.startsWith('.')) return null;
  try {
    const state = readFileSync(`${FOLDER}/${name}/operstate`, 'latin1').trim();
    // Drivers that do not watch their link, such as that of lo.
    if (state === 'unknown') return (Number(readFileSync(`${FOLDER}/${name}/flags`, 'latin1')) & UP) !== 0;
    return state === 'up';
  } catch {
    return null;
  }
}
