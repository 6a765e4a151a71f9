/** The nouns of live capture, beside the Report of model.ts. Times are Unix seconds. */

import type { Connection, Finding, Report, Totals } from './model.js';

/** What a live capture tells while it runs. */
export type CaptureEvent =
  | { type: 'connection'; connection: Connection }
  | FindingEvent
  | { type: 'statistics'; statistics: LiveStatistics }
  /** The last one: the capture is over. */
  | { type: 'report'; report: Report };

export type FindingEvent =
  /** `new`: a session was lost to an unclean close. `changed`: later packets made that surer, less sure, or longer. */
  | { type: 'finding'; change: 'new' | 'changed'; finding: Finding }
  /** Later packets explain it otherwise. */
  | { type: 'finding'; change: 'withdrawn'; finding: Pick<Finding, 'session' | 'server'> };

/** How a live capture is going. Counts are since its beginning. */
export interface LiveStatistics {
  /** When this is told, by the clock of this machine. */
  at: number;
  /** Why nothing is captured at the moment; null while all is well. */
  interrupted: string | null;
  /** Time of the newest frame; null before the first one. */
  time: number | null;
  frames: number;
  /** Captured bytes of these frames. */
  bytes: number;
  /** Frames that were captured and lost before they could be read, as far as the source tells; null where it does not. */
  dropped: number | null;
  /** See CaptureInfo: where there are many, frames are lost that no counter tells. */
  incompleteConnections: number;
  /**
   * How far the analysis is behind the capture, seconds: between the time of the newest frame and when it was read. Of a stream from elsewhere, whose
   * clock may be another one, it is what this has grown by since it was least. Null before the first frame.
   */
  lagSeconds: number | null;
  /** How full the tables are that keep memory within its limits. */
  tables: { openConnections: number; rememberedConnections: number; sessions: number; sessionUses: number };
  totals: Totals;
}
