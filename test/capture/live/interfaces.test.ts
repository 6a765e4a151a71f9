import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { interfaceNames, isInterfaceUp } from '../../../src/capture/live/interface-state.js';
import { listInterfaces } from '../../../src/capture/live/interfaces.js';
import type { CapDevice, CapModule } from '../../../src/capture/live/load-cap.js';

const isLinux = process.platform === 'linux';
/** The loopback of this machine. */
const [LOOPBACK] = Object.entries(networkInterfaces()).flatMap(([name, addresses]) => (addresses?.some((a) => a.internal) ? [name] : []));

function capWith(devices: CapDevice[]): () => Promise<CapModule> {
  return async () => ({ Cap: { deviceList: () => devices } }) as unknown as CapModule;
}

describe('the list of interfaces', () => {
  it('is that of cap', async () => {
    const devices = [
      { name: LOOPBACK, flags: 'PCAP_IF_LOOPBACK', addresses: [{ addr: '127.0.0.1', netmask: '255.0.0.0' }, {}] },
      { name: 'any', description: 'all of them', addresses: [] },
    ];
    const { interfaces } = await listInterfaces(capWith(devices));
    expect(interfaces).toEqual([
      { name: LOOPBACK, description: null, addresses: ['127.0.0.1'], isUp: isLinux ? true : null, isLoopback: true },
      { name: 'any', description: 'all of them', addresses: [], isUp: null, isLoopback: false },
    ]);
  });

  it.runIf(isLinux)('leaves out what is no interface of a network', async () => {
    const { interfaces } = await listInterfaces(capWith([{ name: 'dbus-system' }, { name: 'usbmon1' }, { name: '../lo' }, { name: 'lo' }]));
    expect(interfaces.map(({ name }) => name)).toEqual(['lo']);
  });

  it('is there also without cap, with what is in the way', async () => {
    const absent = Object.assign(new Error("Cannot find package 'cap'"), { code: 'ERR_MODULE_NOT_FOUND' });
    const { interfaces, problem } = await listInterfaces(() => Promise.reject(absent));
    expect(problem).toMatchObject({ code: 'ERR_CAPTURE_UNAVAILABLE' });
    expect(interfaces.find(({ name }) => name === LOOPBACK)).toMatchObject({
      isLoopback: true,
      addresses: expect.arrayContaining(['127.0.0.1']),
    });
  });

  it('says what libpcap says when it cannot list', async () => {
    const load = async () =>
      ({
        Cap: {
          deviceList: () => {
            throw new Error('no room');
          },
        },
      }) as unknown as CapModule;
    const { interfaces, problem } = await listInterfaces(load);
    expect(problem?.message).toContain('no room');
    expect(interfaces).not.toEqual([]);
  });

  it.runIf(isLinux && process.getuid?.() === 0)('has no problem for root (skipped for other users)', async () => {
    expect((await listInterfaces(capWith([]))).problem).toBeNull();
  });
});

describe.runIf(isLinux)('the state of interfaces', () => {
  it('knows lo, whose state is unknown to its driver', () => {
    expect(interfaceNames()).toContain('lo');
    expect(isInterfaceUp('lo')).toBe(true);
  });

  it.each(['any', 'nope', '', '.', '..', '../net/lo', '\0'])('does not know %j', (name) => expect(isInterfaceUp(name)).toBeNull());
});
