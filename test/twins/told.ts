import type { CaptureSource, Report, Warning } from '../../src/model.js';

/**
 * What a report says of the traffic. Left out is what describes the input: name and format of a source, and the text of the warning that
 * an input is cut, which tells its name and byte. Sources are the parts of one capture, and are added up.
 */
export function told(report: Report): unknown {
  const { sources, warnings, ...capture } = report.capture;
  return { ...report, capture: { ...capture, sources: added(sources), warnings: warnings.map(toldOfWarning) } };
}

function added(sources: readonly CaptureSource[]): Omit<CaptureSource, 'name' | 'format'> {
  const sum = (count: (source: CaptureSource) => number) => sources.reduce((total, source) => total + count(source), 0);
  return {
    linkTypes: [...new Set(sources.flatMap(({ linkTypes }) => linkTypes))],
    snapLength: sources[0].snapLength,
    frames: sum(({ frames }) => frames),
    bytes: sum(({ bytes }) => bytes),
    dropped: sources[0].dropped,
    truncated: sources.some(({ truncated }) => truncated),
  };
}

function toldOfWarning(warning: Warning): unknown {
  if (warning.code !== 'capture-cut') return warning;
  const { message, ...rest } = warning;
  return rest;
}
