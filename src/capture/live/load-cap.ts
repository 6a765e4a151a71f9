// npm cap: an optional dependency with a native part, loaded where it is needed only

/** What is used of npm cap 0.2.1, which has no types. */
export interface CapModule {
  Cap: CapConstructor;
}

interface CapConstructor {
  new (): Cap;
  deviceList(): CapDevice[];
}

/** An open interface, or one to be opened. */
export interface Cap {
  /**
   * @param bufferBytes of the kernel
   * @param buffer each frame is copied there. It is kept by its address: the caller must hold a reference until `close()`
   * @returns the name of the link type
   */
  open(device: string, filter: string, bufferBytes: number, buffer: Buffer): string;
  /** Aborts the process when `open` had failed. */
  close(): unknown;
  on(event: 'packet', listener: (bytes: number, truncated: boolean) => void): unknown;
}

export interface CapDevice {
  name: string;
  description?: string;
  addresses?: { addr?: string }[];
  /** `PCAP_IF_LOOPBACK` or nothing. */
  flags?: string;
}

/** @throws what Node throws where the package, its built part or libpcap is missing; see `unavailable` in capture-error.ts */
export async function loadCap(): Promise<CapModule> {
  return (await import('cap')).default;
}
