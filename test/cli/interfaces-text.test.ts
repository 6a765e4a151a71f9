import { describe, expect, it } from 'vitest';
import { type InterfaceList, interfacesText } from '../../src/cli/interfaces-text.js';
import { columnsOf } from '../../src/report/text.js';
import { HOSTILE_TEXTS } from '../report/reports.js';

const LIST: InterfaceList = {
  interfaces: [
    { name: 'eth0', description: null, addresses: ['192.0.2.7', '2001:db8::7', 'fe80::42:acff:fe11:2'], isUp: true, isLoopback: false },
    { name: 'wlan0', description: null, addresses: [], isUp: false, isLoopback: false },
    { name: 'any', description: 'Pseudo-device that captures on all interfaces', addresses: [], isUp: null, isLoopback: false },
    { name: 'lo', description: null, addresses: ['127.0.0.1', '::1'], isUp: true, isLoopback: true },
  ],
  problem: null,
};

const HINT = `give this Node.js the right to capture: sudo setcap cap_net_raw,cap_net_admin=eip ${'/usr/local/bin/node'.repeat(3)}`;

function lines(list: InterfaceList, columns = 80): string[] {
  return interfacesText(list, columns).split('\n');
}

describe('interfacesText', () => {
  it('lists the interfaces in columns', () => {
    expect(lines(LIST)).toMatchInlineSnapshot(`
      [
        "interface  state         addresses                   description",
        "────────────────────────────────────────────────────────────────────────────────",
        "eth0       up            192.0.2.7, 2001:db8::7,",
        "                         fe80::42:acff:fe11:2",
        "wlan0      down          -",
        "any        -             -                           Pseudo-device that captures",
        "                                                     on all interfaces",
        "lo         up, loopback  127.0.0.1, ::1",
        "",
      ]
    `);
  });

  it('leaves out a column without text', () => {
    expect(lines({ ...LIST, interfaces: LIST.interfaces.slice(0, 2) })[0]).toBe('interface  state  addresses');
  });

  it('says why nothing can be captured, and keeps commands in one piece', () => {
    const problem = { message: 'eth0: no permission to capture', hints: ['run it as root', HINT] };
    expect(lines({ ...LIST, problem }).slice(-5)).toEqual([
      '',
      'Nothing can be captured: eth0: no permission to capture',
      '  - run it as root',
      `  - ${HINT}`,
      '',
    ]);
  });

  it('has words for no interface at all', () => {
    expect(interfacesText({ interfaces: [], problem: null }, 80)).toBe('There is no interface to capture on.\n');
    const problem = { message: 'The package cap is not installed.', hints: [] };
    expect(interfacesText({ interfaces: [], problem }, 80)).toBe(
      'There is no interface to capture on.\n\nNothing can be captured: The package cap is not installed.\n',
    );
  });

  it.each(HOSTILE_TEXTS.map((text) => [JSON.stringify(text).slice(0, 40), text]))('is safe with %s', (_, text) => {
    const line = { name: text, description: text, addresses: [text, text], isUp: null, isLoopback: true };
    for (const columns of [1, 60, 80, 200]) {
      const shown = interfacesText({ interfaces: [line, line], problem: { message: text, hints: [text] } }, columns);
      expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      for (const one of shown.split('\n')) if (!one.startsWith('  - ')) expect(columnsOf(one)).toBeLessThanOrEqual(Math.max(60, columns));
    }
  });
});
