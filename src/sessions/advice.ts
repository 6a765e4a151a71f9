// What to change so that a server resumes, on which side, and how to see afterwards that it does: from the evidence alone.
import { type AdviceFacts, CAUSES, CLIENTS, CLOSES, SERVER_KEEPS, type Topic } from './advice-topics.js';

/**
 * At most four strings of one or two sentences: what to change, the most useful first, and last how to verify. Software is
 * named without a claim that it is in use. Empty where too little is known.
 */
export function adviceFor(facts: AdviceFacts): string[] {
  const closes = [...byCount(CLOSES, facts).slice(0, MAX_CLOSES), ...byCount([SERVER_KEEPS], facts)];
  const due = [...closes, ...byCount(CAUSES, facts), ...byCount(CLIENTS, facts)].slice(0, MAX_TOPICS);
  if (due.length === 0) return facts.verdict === 'tolerates-unclean-close' ? [nothingToChange(facts)] : [];
  return [...due.map(({ topic, count }) => textOf(topic, facts, count)), verification(due, closes.length > 0, facts)];
}

/** With the verification these are four strings. */
const MAX_TOPICS = 3;
/** Of these three the least leaves its place to what can be changed on the server. */
const MAX_CLOSES = 2;

interface Due {
  topic: Topic;
  count: number;
}

/** Those that are called for, by how often. */
function byCount(topics: readonly Topic[], facts: AdviceFacts): Due[] {
  const due = topics.map((topic) => ({ topic, count: topic.count(facts) })).filter(({ count }) => count > 0);
  return due.sort((a, b) => b.count - a.count);
}

function textOf(topic: Topic, facts: AdviceFacts, count: number): string {
  const hints = topic.hints.filter(({ when }) => when === undefined || when(facts)).map(({ text }) => text);
  const lead = topic.text(facts, count);
  if (hints.length === 0) return lead;
  const sentence = hints.join('; ');
  return `${lead} ${sentence[0].toUpperCase()}${sentence.slice(1)}.`;
}

function nothingToChange({ ends }: AdviceFacts): string {
  const harmless = [ends.fin === 'tolerates' ? 'FIN' : '', ends.rst === 'tolerates' ? 'RST' : ''].filter((end) => end !== '');
  const closes = harmless.length === 0 ? 'unclean closes' : `an unclean ${harmless.join(' and ')}`;
  return `Nothing to change: sessions survived ${closes} here.`;
}

/** Names the figures of closenotify that change. */
function verification(due: readonly Due[], isAboutCloses: boolean, { causes, isSure }: AdviceFacts): string {
  const again = `Then capture again${occasion(due)}: expect`;
  if (isAboutCloses) {
    const lost = (causes['unclean-close'] ?? 0) + (causes['reset-race'] ?? 0);
    const all = Object.values(causes).reduce((sum, n) => sum + n, 0);
    const declined = lost === all ? `declined to fall from ${lost} to 0` : `offers after such closes (${lost} declined here) to be resumed`;
    const status = isSure ? ', and exit status 0 from closenotify --fail-on invalidated' : '';
    return `${again} ${lost === 0 ? 'invalidated to be 0' : declined}${status}.`;
  }
  const declined = due.reduce((sum, { topic }) => sum + (topic.cause ? (causes[topic.cause] ?? 0) : 0), 0);
  if (declined === 0) return `${again} more resumed and fewer full handshakes.`;
  return `${again} such offers (${declined} here) to count as resumed, not as declined.`;
}

/** What must happen again for the difference to show. */
function occasion(due: readonly Due[]): string {
  const [{ topic }] = due;
  if (topic.cause === 'restarted') return ' across a restart';
  if (topic.cause === 'key-rotated') return ' across a change of the key';
  return ' under the same load';
}
