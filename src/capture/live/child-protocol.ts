/**
 * Between a capture and its child process. The child reads {@link ChildOptions} as JSON from its standard input, up to the end;
 * answers with one line of JSON, a {@link ChildAnswer}, on its standard output; and writes pcapng to {@link STREAM_FD}. It ends when
 * that is closed for writing on the other side: because somebody asked for it, or because nobody is there any more.
 */

export const STREAM_FD = 3;

export interface ChildOptions {
  device: string;
  filter: string;
  /** Of the kernel. */
  bufferBytes: number;
  /** Who to be as soon as the interface is open; null for no change. */
  user: string | null;
}

export type ChildAnswer = { opened: { linkType: number } } | { failed: ChildFailure };

export interface ChildFailure {
  /** What could not be done: load cap, open the interface, with its filter, become the user. */
  step: 'load' | 'open' | 'filter' | 'user';
  /** Of Node, where there is one. */
  code: string | null;
  text: string;
}
