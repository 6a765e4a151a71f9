import { networkInterfaces } from 'node:os';
import { type CaptureError, permissionError, unavailable } from './capture-error.js';
import { interfaceNames, isInterfaceUp } from './interface-state.js';
import { type CapDevice, type CapModule, loadCap } from './load-cap.js';
import { mayCapture } from './privileges.js';

/** An interface that can be captured from. Names and descriptions are not trusted: escape them before they are printed. */
interface NetworkInterface {
  name: string;
  /** Of the operating system; null when it has none. */
  description: string | null;
  /** IP addresses without their prefix lengths. */
  addresses: string[];
  /** Null where it cannot be told. */
  isUp: boolean | null;
  isLoopback: boolean;
}

export interface InterfaceList {
  interfaces: NetworkInterface[];
  /** Why nothing can be captured; null when nothing is known against it. */
  problem: CaptureError | null;
}

/** The interfaces of this machine, also where nothing can be captured: then only those that the system tells of without libpcap. */
export async function listInterfaces(load: () => Promise<CapModule> = loadCap): Promise<InterfaceList> {
  let devices: CapDevice[];
  try {
    devices = (await load()).Cap.deviceList();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    return { interfaces: systemInterfaces(), problem: unavailable({ code, text: error instanceof Error ? error.message : String(error) }) };
  }
  const interfaces = devices.map(interfaceOf).filter(({ name }) => isOfNetwork(name));
  return { interfaces, problem: mayCapture() === false ? permissionError(null) : null };
}

/** libpcap for Linux also lists what has no packets of a network: usbmon1, bluetooth-monitor, dbus-system, nfqueue. */
function isOfNetwork(name: string): boolean {
  return process.platform !== 'linux' || name === 'any' || isInterfaceUp(name) !== null;
}

function interfaceOf({ name, description, addresses = [], flags }: CapDevice): NetworkInterface {
  return {
    name,
    description: description ?? null,
    addresses: addresses.flatMap(({ addr }) => (addr === undefined ? [] : [addr])),
    isUp: isInterfaceUp(name),
    isLoopback: flags === 'PCAP_IF_LOOPBACK',
  };
}

function systemInterfaces(): NetworkInterface[] {
  const known = networkInterfaces();
  return interfaceNames().map((name) => {
    const addresses = known[name] ?? [];
    return {
      name,
      description: null,
      addresses: addresses.map(({ address }) => address),
      isUp: isInterfaceUp(name),
      isLoopback: name === 'lo' || addresses.some(({ internal }) => internal),
    };
  });
}
