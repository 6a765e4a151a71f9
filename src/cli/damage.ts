// Why a report is not of all that the input held.
import type { Report } from '../model.js';

const LINK_TYPE = 'link-type';
/** Codes of warnings that tell why a source was not read to its end. */
const CODES: ReadonlySet<string> = new Set(['capture-damaged', 'capture-cut', 'input-unreadable']);

/** What a gate should know that is passed by an empty capture; null where there was something to judge. */
export function emptinessOf(report: Report): string | null {
  return report.totals.tlsConnections > 0 ? null : 'no TLS connection is in the capture: --fail-on had nothing to judge';
}

/** A line each; none where all of it was read. The report itself may go where nobody looks. */
export function damageOf(report: Report): string[] {
  const { sources, warnings } = report.capture;
  const told = (isMeant: (code: string) => boolean) => warnings.filter(({ code }) => isMeant(code)).map(({ message }) => message);
  const foreign = isAllForeign(report) ? told((code) => code === LINK_TYPE) : [];
  const damaged = sources.filter(({ truncated }) => truncated);
  if (damaged.length === 0) return foreign;
  const reasons = told((code) => CODES.has(code));
  return [...foreign, ...(reasons.length > 0 ? reasons : damaged.map(({ name }) => `${name}: damaged: not read to its end`))];
}

/** Whether no frame at all is of a link type that is decoded: the report is then empty for no merit of the network. */
function isAllForeign(report: Report): boolean {
  const { sources, warnings } = report.capture;
  const frames = sources.reduce((sum, source) => sum + source.frames, 0);
  const foreign = warnings.filter(({ code }) => code === LINK_TYPE).reduce((sum, { count }) => sum + count, 0);
  return frames > 0 && foreign === frames;
}
