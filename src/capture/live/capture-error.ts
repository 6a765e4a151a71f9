import { escapeText } from '../../bytes/escape.js';

/**
 * `ERR_CAPTURE_UNAVAILABLE`: npm cap is not there, or cannot be loaded. `ERR_NO_DEVICE`: no such interface, or it is down. `ERR_CAPTURE_PERMISSION`: this user
 * may not. `ERR_CAPTURE_FILTER`: libpcap does not understand the filter. `ERR_CAPTURE_ENDED`: the interface went down, or the process that captures ended.
 */
export type CaptureErrorCode =
  | 'ERR_CAPTURE_UNAVAILABLE'
  | 'ERR_NO_DEVICE'
  | 'ERR_CAPTURE_PERMISSION'
  | 'ERR_CAPTURE_FILTER'
  | 'ERR_CAPTURE_ENDED';

/** An interface that cannot be captured from, or no longer. The message is one line: what, why. */
export class CaptureError extends Error {
  /** The name of the class. */
  override readonly name = 'CaptureError';
  /** Stable, for programs. */
  readonly code: CaptureErrorCode;
  /** What to do, a line each. */
  readonly hints: readonly string[];

  /** @internal */
  constructor(code: CaptureErrorCode, message: string, hints: readonly string[] = []) {
    super(message);
    this.code = code;
    this.hints = hints;
  }
}

/** What failed, and what was said: the `code` of Node where there is one, and a text that is not trusted. */
export interface Failure {
  code: string | null;
  text: string;
}

const BUILD_APT = 'sudo apt-get install libpcap-dev build-essential python3';
const BUILD_DNF = 'sudo dnf install libpcap-devel gcc-c++ make python3';

/** For what Node says when it loads cap: the package, its built part, or the library that it needs is not there. */
export function unavailable({ code, text }: Failure, device?: string): CaptureError {
  const [problem, ...hints] = causeOf(code, text);
  const message = `live capture is not available: ${problem}`;
  return new CaptureError('ERR_CAPTURE_UNAVAILABLE', message, [...hints, `or without it: ${pipe(device, 'sudo ')}`]);
}

function causeOf(code: string | null, text: string): [problem: string, ...hints: string[]] {
  const wasBuilt = code === 'ERR_DLOPEN_FAILED';
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return [
      'the package cap is not there: npm leaves it out where it cannot be built',
      `install what it is built with: ${BUILD_APT} (Fedora, RHEL: ${BUILD_DNF})`,
      'then install closenotify again (npm install --foreground-scripts shows what goes wrong)',
    ];
  }
  if (code === 'MODULE_NOT_FOUND') {
    return [
      'the package cap is there, its native part was not built',
      `build it: npm rebuild cap, where closenotify is installed (npm rebuild -g cap where that is global)`,
      `it needs: ${BUILD_APT} (Fedora, RHEL: ${BUILD_DNF})`,
    ];
  }
  if (wasBuilt && !/NODE_MODULE_VERSION|different Node\.js version|did not self-register/i.test(text)) {
    return [
      `the native part of the package cap cannot be loaded: ${oneLine(text)}`,
      'install libpcap: sudo apt-get install libpcap0.8 (Debian 13, Ubuntu 24.04 and newer: libpcap0.8t64; Fedora, RHEL: sudo dnf install libpcap)',
    ];
  }
  if (wasBuilt) return ['the native part of the package cap was built for another version of Node', 'build it again: npm rebuild cap'];
  return [`the package cap cannot be loaded: ${oneLine(text)}`, 'build it again: npm rebuild cap'];
}

/** @param present names of the interfaces that there are */
export function noDevice(device: string, problem: string, present: readonly string[]): CaptureError {
  const hints =
    present.length === 0
      ? []
      : [
          `interfaces here: ${present
            .slice(0, MAX_LISTED)
            .map((name) => escapeText(name))
            .join(', ')}`,
        ];
  return new CaptureError('ERR_NO_DEVICE', `${escapeText(device)}: ${problem}`, hints);
}

const MAX_LISTED = 32;

/** For what libpcap says when it opens an interface. */
export function openError(device: string, text: string, present: readonly string[]): CaptureError {
  if (/permission|not permitted|denied|CAP_NET_RAW/i.test(text)) return permissionError(device);
  if (/no such device|doesn't exist|not exist/i.test(text)) return noDevice(device, 'there is no such interface', present);
  if (/not up|network is down/i.test(text)) {
    const hints = isPlain(device) ? [`bring it up: sudo ip link set ${device} up`] : [];
    return new CaptureError('ERR_NO_DEVICE', `${escapeText(device)}: the interface is down`, hints);
  }
  return noDevice(device, `cannot be opened: ${oneLine(text)}`, []);
}

/** @param device null where no interface was named */
export function permissionError(device: string | null, platform: string = process.platform): CaptureError {
  const message = device === null ? 'no permission to capture' : `${escapeText(device)}: no permission to capture`;
  return new CaptureError('ERR_CAPTURE_PERMISSION', message, [
    ...(HOW_TO_PERMIT[platform] ?? []),
    `or let a program capture that may: ${pipe(device ?? undefined, 'sudo ')}`,
  ]);
}

const HOW_TO_PERMIT: Readonly<Record<string, readonly string[]>> = {
  linux: [
    'run as root, or permit it to Node: sudo setcap cap_net_raw,cap_net_admin=eip $(readlink -f $(command -v node))',
    'mind that every program that this Node runs, of any user, may then capture too; sudo setcap -r takes it back',
  ],
  darwin: ['run as root, or permit it to the group of /dev/bpf*: ChmodBPF, which comes with Wireshark'],
};

export function filterError(filter: string, text: string): CaptureError {
  return new CaptureError('ERR_CAPTURE_FILTER', `the filter "${escapeText(filter)}" cannot be used: ${oneLine(text)}`, [
    'filters are those of tcpdump, for example: tcp port 443 and host 192.0.2.1',
  ]);
}

export function userError(user: string, text: string): CaptureError {
  const problem = /\bEPERM\b|not permitted/i.test(text) ? 'only root can' : oneLine(text);
  return new CaptureError('ERR_CAPTURE_PERMISSION', `cannot go on as the user ${escapeText(user)}: ${problem}; nothing was captured`);
}

/** How the child process ended that captured from `device`. */
export interface ChildEnd {
  status: number | null;
  signal: string | null;
  /** What it, or libpcap, wrote as errors. */
  text: string;
}

/** npm cap gives up on an error of its socket: its assertion names the status of libuv. */
const GONE = /Assertion `?status == 0/;

export function endedError(device: string, { status, signal, text }: ChildEnd): CaptureError {
  const how = signal !== null ? `ended by ${signal}` : status !== null ? `ended with status ${status}` : 'could not be started';
  const isGone = signal === 'SIGABRT' && (text === '' || GONE.test(text));
  const why = isGone ? 'the interface went down or was removed' : `the process that captures ${how}${text && `: ${oneLine(text)}`}`;
  return new CaptureError('ERR_CAPTURE_ENDED', `${escapeText(device)}: the capture ended: ${why}`);
}

/** The way that works without cap. */
function pipe(device: string | undefined, sudo: '' | 'sudo '): string {
  return `${sudo}tcpdump -i ${device !== undefined && isPlain(device) ? device : 'eth0'} -U -w - tcp | closenotify live -`;
}

/** Whether a name may stand in a command that somebody copies. */
function isPlain(device: string): boolean {
  return /^\w[\w.:-]*$/.test(device);
}

function oneLine(text: string): string {
  return escapeText(text.trim().replaceAll(/\s*\n\s*/g, '; '));
}
