/** The nouns of live capture, beside the Report of model.ts. Times are Unix seconds. */

import type { Connection, Finding, Report, Totals } from './model.js';

/** What a live capture tells while it runs. The report is the last one. */
export type CaptureEvent = ConnectionEvent | FindingEvent | StatisticsEvent | ReportEvent;

/** A connection is over. */
export interface ConnectionEvent {
  /** Which event it is. */
  type: 'connection';
  /** As `readConnections` yields it. */
  connection: Connection;
}

/** Something new about a session. */
export type FindingEvent = FoundEvent | WithdrawnEvent;

/** A session was lost to an unclean close. */
export interface FoundEvent {
  /** Which event it is. */
  type: 'finding';
  /** `changed`: later packets made it surer, less sure, or longer. */
  change: 'new' | 'changed';
  /** What is known of it now. */
  finding: Finding;
}

/** A finding that was told is none: later packets explain it otherwise. */
export interface WithdrawnEvent {
  /** Which event it is. */
  type: 'finding';
  /** Which change. */
  change: 'withdrawn';
  /** Which finding. */
  finding: Pick<Finding, 'session' | 'server'>;
}

/** How it is going, once a second. */
export interface StatisticsEvent {
  /** Which event it is. */
  type: 'statistics';
  /** As of now. */
  statistics: LiveStatistics;
}

/** The capture is over. */
export interface ReportEvent {
  /** Which event it is. */
  type: 'report';
  /** The whole report. */
  report: Report;
}

/** How many rows of the tables that keep memory within its limits are used. */
export interface TableSizes {
  /** Connections that are not over. */
  openConnections: number;
  /** Connections by whose ports late packets are known. */
  rememberedConnections: number;
  /** Sessions that may be offered. */
  sessions: number;
  /** Connections that issued or offered a session. */
  sessionUses: number;
}

/** How a live capture is going. Counts are since its beginning. */
export interface LiveStatistics {
  /** When this is told, by the clock of this machine. */
  at: number;
  /** Why nothing is captured at the moment; null while all is well. */
  interrupted: string | null;
  /** Time of the newest frame; null before the first one. */
  time: number | null;
  /** Frames captured. */
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
  tables: TableSizes;
  /** As of the last judgement. */
  totals: Totals;
}
