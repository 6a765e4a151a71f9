import { describe, expect, it } from 'vitest';
import {
  type CaptureError,
  endedError,
  filterError,
  noDevice,
  openError,
  permissionError,
  unavailable,
  userError,
} from '../../../src/capture/live/capture-error.js';

const PIPE = 'sudo tcpdump -i eth7 -U -w - tcp | closenotify live -';
const ABORTED = { status: null, signal: 'SIGABRT' } as const;
const ASSERTION = "node: ../src/binding.cc:202: static void Pcap::cb_packets(uv_poll_t*, int, int): Assertion `status == 0' failed.\n";

describe('why nothing can be captured', () => {
  const causes: [what: string, code: string | null, text: string, message: RegExp, hint: RegExp][] = [
    [
      'the package is absent',
      'ERR_MODULE_NOT_FOUND',
      "Cannot find package 'cap'",
      /leaves it out where it cannot be built/,
      /apt-get install libpcap-dev build/,
    ],
    ['its native part is absent', 'MODULE_NOT_FOUND', "Cannot find module '../build/Release/cap.node'", /was not built/, /npm rebuild cap/],
    [
      'libpcap is absent',
      'ERR_DLOPEN_FAILED',
      'libpcap.so.0.8: cannot open shared object file: No such file or directory',
      /libpcap\.so\.0\.8: cannot open/,
      /apt-get install libpcap0\.8/,
    ],
    [
      'it was built for another Node',
      'ERR_DLOPEN_FAILED',
      "The module 'cap.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 115.",
      /another version of Node/,
      /npm rebuild cap/,
    ],
    ['something else', null, 'odd\u001b[2J', /cannot be loaded: odd\\x1b\[2J/, /npm rebuild cap/],
  ];
  it.each(causes)('%s', (_, code, text, message, hint) => {
    const error = unavailable({ code, text }, 'eth7');
    expect(error).toMatchObject({ name: 'CaptureError', code: 'ERR_CAPTURE_UNAVAILABLE' });
    expect(error.message).toMatch(/^live capture is not available: /);
    expect(error.message).toMatch(message);
    expect(error.hints[0]).toMatch(hint);
    expect(error.hints.at(-1)).toContain(PIPE);
    expectOneLineEach(error);
  });

  it('names no device in a command that a shell would read otherwise', () => {
    for (const device of ['a;rm -rf /', '$(x)', '-w/etc/passwd', 'a b', "'", 'a\nb', '\u202elo']) {
      expect(unavailable({ code: null, text: '' }, device).hints.at(-1)).toContain('tcpdump -i eth0 -U');
      expect(permissionError(device, 'linux').hints.at(-1)).toContain('tcpdump -i eth0 -U');
      expect(openError(device, 'That device is not up', []).hints).toEqual([]);
    }
  });
});

describe('what libpcap says', () => {
  const texts: [text: string, code: string, message: string][] = [
    ['socket: Operation not permitted', 'ERR_CAPTURE_PERMISSION', 'eth7: no permission to capture'],
    ["eth7: You don't have permission to perform this capture on that device", 'ERR_CAPTURE_PERMISSION', 'eth7: no permission to capture'],
    ['Attempt to create packet socket failed - CAP_NET_RAW may be required', 'ERR_CAPTURE_PERMISSION', 'eth7: no permission to capture'],
    ['No such device exists', 'ERR_NO_DEVICE', 'eth7: there is no such interface'],
    ['SIOCETHTOOL(ETHTOOL_GET_TS_INFO) ioctl failed: No such device', 'ERR_NO_DEVICE', 'eth7: there is no such interface'],
    ['That device is not up', 'ERR_NO_DEVICE', 'eth7: the interface is down'],
    ["can't mmap rx ring: Cannot allocate memory", 'ERR_NO_DEVICE', "eth7: cannot be opened: can't mmap rx ring: Cannot allocate memory"],
  ];
  it.each(texts)('%s', (text, code, message) => {
    const error = openError('eth7', text, ['lo', 'eth0']);
    expect(error).toMatchObject({ code, message });
    expectOneLineEach(error);
  });

  it('comes with what to do', () => {
    expect(openError('eth7', 'No such device exists', ['lo', 'e\u001bx']).hints).toEqual(['interfaces here: lo, e\\x1bx']);
    expect(openError('eth7', 'That device is not up', []).hints).toEqual(['bring it up: sudo ip link set eth7 up']);
    const { hints } = openError('eth7', 'socket: Operation not permitted', []);
    expect(hints.join('\n')).toMatch(/setcap cap_net_raw,cap_net_admin=eip[\s\S]*every program that this Node runs[\s\S]*tcpdump -i eth7/);
    expect(permissionError('en0', 'darwin').hints.join()).toMatch(/ChmodBPF/);
    expect(permissionError(null, 'freebsd').hints).toHaveLength(1);
  });

  it('of filters and users', () => {
    const filter = filterError('tcp prot\u0007 80', "can't parse filter expression: syntax error");
    expect(filter).toMatchObject({
      code: 'ERR_CAPTURE_FILTER',
      message: 'the filter "tcp prot\\x07 80" cannot be used: can\'t parse filter expression: syntax error',
    });
    expect(userError('www\n', 'EPERM, Operation not permitted')).toMatchObject({
      code: 'ERR_CAPTURE_PERMISSION',
      message: 'cannot go on as the user www\\x0a: only root can; nothing was captured',
    });
    expect(userError('nope', 'no such user').message).toContain('no such user');
  });

  it('is one line, whatever the device is called', () => {
    for (const device of ['a\nb', '\u001b]0;x\u0007', '\u202eol', 'x'.repeat(5000)]) {
      for (const error of [
        noDevice(device, 'x', [device]),
        openError(device, 'a\nb', []),
        endedError(device, { ...ABORTED, text: 'a\nb' }),
      ]) {
        expectOneLineEach(error);
        expect(error.message.length).toBeLessThan(1000);
      }
    }
  });
});

describe('how a capture ended', () => {
  const ends: [status: number | null, signal: string | null, text: string, why: string][] = [
    [null, 'SIGABRT', '', 'the interface went down or was removed'],
    [null, 'SIGABRT', `Warning: eth7: no IPv4 address assigned\n${ASSERTION}`, 'the interface went down or was removed'],
    [null, 'SIGABRT', 'FATAL ERROR: heap out of memory', 'the process that captures ended by SIGABRT: FATAL ERROR: heap out of memory'],
    [null, 'SIGKILL', '', 'the process that captures ended by SIGKILL'],
    [7, null, 'one\ntwo\n', 'the process that captures ended with status 7: one; two'],
    [null, null, 'spawn EAGAIN', 'the process that captures could not be started: spawn EAGAIN'],
  ];
  it.each(ends)('status %s, signal %s, %j', (status, signal, text, why) => {
    expect(endedError('eth7', { status, signal, text })).toMatchObject({
      code: 'ERR_CAPTURE_ENDED',
      message: `eth7: the capture ended: ${why}`,
    });
  });
});

function expectOneLineEach({ message, hints }: CaptureError): void {
  for (const line of [message, ...hints]) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
}
