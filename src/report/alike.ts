/** Which findings are the same story: one server, one kind of session, one kind of close, one cause, one confidence. */
import type { Finding } from '../model.js';
import { endpointText } from './text.js';

export interface Alike {
  findings: [Finding, ...Finding[]];
}

/** The surest first, then the most frequent. */
export function alike(findings: readonly Finding[]): Alike[] {
  const groups = new Map<string, Alike>();
  for (const finding of findings) {
    const key = storyOf(finding);
    const group = groups.get(key);
    if (group) group.findings.push(finding);
    else groups.set(key, { findings: [finding] });
  }
  return [...groups.values()].sort((a, b) => surestFirst(a.findings[0], b.findings[0]) || b.findings.length - a.findings.length);
}

/** The same for findings that are alike. */
export function storyOf({ server, session, culprit, cause, confidence }: Finding): string {
  return [endpointText(server), session.kind, culprit.by, culprit.end, culprit.state, cause, confidence].join(' ');
}

export function surestFirst(a: Finding, b: Finding): number {
  return CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence);
}

const CONFIDENCES: readonly Finding['confidence'][] = ['high', 'medium', 'low'];

/** The first one, one of the middle, and the last: they show how long it went on. */
export function examplesOf({ findings }: Alike): Finding[] {
  const places = new Set([0, findings.length >> 1, findings.length - 1]);
  return [...places].map((place) => findings[place]);
}

/** How many there are of each, the most frequent first. */
export function tally<T extends string>(items: Iterable<T>): [T, number][] {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
