// What a server does with sessions whose connection closed uncleanly, in a word, in a sentence, and what is missing where it is open.
import type { EndEffect, ServerReport, Session, Tally, Verdict } from '../model.js';
import { compare, sum } from './comparison.js';
import { type Evidence, type KindTally, keepsSessions, noOffers, type ServerEvidence } from './evidence.js';
import type { EvidenceByKind } from './evidence-by-kind.js';

interface Judged extends Pick<ServerReport, 'verdict' | 'verdictText' | 'ends' | 'toSettle'> {
  /** Offers of the kind of session that it is about. */
  tallies: Evidence;
}

/** Verdicts from the one that matters most to the one that says least. */
const VERDICTS: readonly Verdict[] = ['invalidates-on-unclean-close', 'mixed', 'tolerates-unclean-close', 'never-resumes', 'inconclusive'];
/** Declines in the control as well accuse the unclean closes only if these make the difference: by chance less often than this… */
const MAX_CHANCE = 0.05;
/** …and of the declines after them at least so many. */
const MIN_ATTRIBUTABLE = 0.8;

/**
 * The verdict of the kind of session that it says most about. What is inferred counts only where nothing is certain.
 *
 * @param isAccused there are findings of more than low confidence
 */
export function judgeServer(evidence: EvidenceByKind, isAccused: boolean): Judged {
  const { pairs } = evidence;
  const judged = pairs.map(({ exact, all }) => {
    const certain = judge(exact, isAccused);
    const chosen = certain.verdict === 'inconclusive' && exact !== all ? judge(all, isAccused) : certain;
    const about = pairs.length > 1 ? `Of ${KINDS[all.sessionKind]}: ` : '';
    return {
      ...chosen,
      verdictText: about === '' ? chosen.verdictText : about + chosen.verdictText[0].toLowerCase() + chosen.verdictText.slice(1),
      tallies: all.tallies,
    };
  });
  judged.sort((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict));
  return judged[0] ?? nothingOffered();
}

const KINDS: Record<Session['kind'], string> = { 'session-id': 'session IDs', ticket: 'tickets', psk: 'PSKs' };

function judge(evidence: ServerEvidence, isAccused: boolean): Omit<Judged, 'tallies'> {
  if (evidence.skewSeconds !== 0) return disordered(evidence.skewSeconds);
  const ends = effects(evidence);
  const verdict = verdictOf(evidence, ends, isAccused);
  // What is declined as often without such a close is not known to come of it.
  const held = (effect: EndEffect) => (verdict === 'mixed' && effect === 'invalidates' ? 'mixed' : effect);
  return {
    verdict,
    verdictText: sentenceOf(evidence, verdict),
    ends: { fin: held(ends.fin), rst: held(ends.rst), resetRace: held(ends.resetRace) },
    toSettle: verdict === 'inconclusive' ? missing(evidence) : null,
  };
}

/** @param skewSeconds see ConnectionFacts */
function disordered(skewSeconds: number): Omit<Judged, 'tallies'> {
  const by = `${Math.abs(skewSeconds).toFixed(3)} s`;
  return {
    verdict: 'inconclusive',
    verdictText: `The clocks of the two directions differ by ${by} or more: what came first, a close or an answer, is not known.`,
    ends: { fin: 'unknown', rst: 'unknown', resetRace: 'unknown' },
    toSettle: `Capture both directions in one place, or shift the file of one side by the difference (editcap -t ${skewSeconds > 0 ? '' : '-'}${Math.abs(skewSeconds).toFixed(3)} on the server's) before merging.`,
  };
}

function nothingOffered(): Judged {
  return {
    verdict: 'inconclusive',
    verdictText: 'No session that it issued was offered to it again.',
    ends: { fin: 'unknown', rst: 'unknown', resetRace: 'unknown' },
    tallies: noOffers(),
    toSettle:
      'Capture for longer, or further clients, and whole packets of both directions: a session must be issued and offered again within the capture.',
  };
}

function effects(evidence: ServerEvidence): Judged['ends'] {
  const of = (isOfEnd: (kind: KindTally) => boolean) => effectOf(evidence.kinds.filter(isOfEnd), evidence);
  return {
    fin: of((kind) => kind.isUnclean && kind.end === 'fin'),
    rst: of((kind) => kind.isUnclean && kind.end === 'rst'),
    resetRace: of((kind) => !kind.isUnclean),
  };
}

/** Kinds that differ only in who closed, and who closed first. */
function effectOf(kinds: readonly KindTally[], { resumed, isKept }: ServerEvidence): EndEffect {
  const isHarmful = ({ resumed, declined }: Tally) => declined > STRAY * (resumed + declined);
  const harmful = kinds.filter(isHarmful);
  // The server's bare answer to a close_notify cuts nothing off; what may be one shows no tolerance.
  const harmless = kinds.filter((kind) => !isHarmful(kind) && !kind.isBareAnswer && !kind.mayBeAnswer);
  const rest = harmless.reduce(sum, NONE);
  if (harmful.length === 0) return rest.resumed > 0 ? 'tolerates' : 'unknown';
  if (resumed === 0 || !isKept) return 'unknown';
  const isPure = harmful.every((kind) => !keepsSessions(kind.resumed, kind.declined));
  const all = harmful.reduce(sum, NONE);
  // A few declines among many that survived the same end of another side, or in another order, may have another reason.
  return isPure && (all.declined * MANY_TIMES >= rest.resumed || differs(all, rest)) ? 'invalidates' : 'mixed';
}

function verdictOf(evidence: ServerEvidence, { fin, rst, resetRace }: Judged['ends'], isAccused: boolean): Verdict {
  if (evidence.neverResumes) return 'never-resumes';
  const isHarmful = (kind: KindTally) => kind.isUnclean && kind.declined > 0 && !keepsSessions(kind.resumed, kind.declined);
  const harmful = evidence.kinds.filter(isHarmful).reduce(sum, NONE);
  const rest = evidence.kinds.filter((kind) => kind.isUnclean && !isHarmful(kind)).reduce(sum, evidence.control);
  const declinesAnyway = rest.declined > 0 && !differs(harmful, rest);
  if (fin === 'invalidates' || rst === 'invalidates') {
    if (isAccused && !declinesAnyway) return 'invalidates-on-unclean-close';
    return evidence.unexplained > 0 ? 'mixed' : 'inconclusive';
  }
  if (fin === 'mixed' || rst === 'mixed' || resetRace === 'mixed' || resetRace === 'invalidates') return 'mixed';
  // Where most offers after such closes came too late to be judged, those that were resumed say little.
  if (evidence.tooOldAfterUnclean > rest.resumed) return 'inconclusive';
  if (fin === 'tolerates' || rst === 'tolerates') return isAccused && evidence.tooOldAfterUnclean > 0 ? 'mixed' : 'tolerates-unclean-close';
  return 'inconclusive';
}

/** Whether sessions die of some closes although some die, or live, after others. */
function differs(harmful: Tally, rest: Tally): boolean {
  const comparison = compare(harmful, rest);
  const attributable = comparison?.attributableFraction?.value ?? 0;
  return comparison !== null && comparison.pValue <= MAX_CHANCE && attributable >= MIN_ATTRIBUTABLE;
}

const MANY_TIMES = 4;
/** Share of declines that says nothing of a kind of close which nearly all sessions outlive: timeouts are met a moment too late, and packets are lost. */
const STRAY = 0.01;
const NONE: Tally = { resumed: 0, declined: 0 };

const CLOSES: readonly [keyof Evidence, string, 'fin' | 'rst' | null][] = [
  ['afterUncleanFin', 'after a FIN without close_notify', 'fin'],
  ['afterUncleanRst', 'after a RST without close_notify', 'rst'],
  ['afterResetRace', 'after a close_notify that a RST overtook', null],
];

function sentenceOf(evidence: ServerEvidence, verdict: Verdict): string {
  const { tallies, control } = evidence;
  const judged = CLOSES.map(([state, when, end]): [Tally, string] => {
    const answers = evidence.kinds.filter((kind) => (kind.isBareAnswer || kind.mayBeAnswer) && kind.end === end).reduce(sum, NONE);
    return [{ resumed: tallies[state].resumed - answers.resumed, declined: tallies[state].declined - answers.declined }, when];
  });
  judged.push([
    evidence.kinds.filter((kind) => kind.isBareAnswer).reduce(sum, NONE),
    'after a close_notify that it answered with a bare end',
  ]);
  judged.push([
    evidence.kinds.filter((kind) => kind.mayBeAnswer).reduce(sum, NONE),
    'after a bare end beside a close that cannot be judged',
  ]);
  if (size(control) > 0) judged.push([control, controlWords(tallies)]);
  if (verdict === 'never-resumes' && evidence.voided > 0)
    judged.push([{ resumed: 0, declined: evidence.voided }, 'whose ticket it had left empty']);
  const told = judged.filter(([tally]) => size(tally) > 0);
  if (told.length === 0) return 'No offer to it can be judged by the closes before it.';
  const what = told.some(([tally]) => tally.declined > 0) ? 'declined' : 'resumed';
  const [first, ...others] = told.map(([tally, when]) => ({ share: `${tally[what]} of ${size(tally)}`, when }));
  const parts = [`${first.share} sessions ${first.when}`, ...others.map(({ share, when }) => `${share} ${when}`)];
  const text = parts.length === 1 ? parts[0] : `${parts.slice(0, -1).join(', ')}, and ${parts.at(-1)}`;
  const { resumed, declined } = tallies.afterResetRace;
  const race = declined > 0 && resumed > 0 ? ' Most likely it is a matter of time whether it reads the close_notify before the RST.' : '';
  return `It ${what} ${text}.${race}`;
}

function controlWords({ afterClean, whileOpen }: Evidence): string {
  if (size(whileOpen) === 0) return 'after a clean close';
  return size(afterClean) === 0 ? 'while the connection was open' : 'after a clean close or while the connection was open';
}

/** What capture or experiment would settle an open verdict. */
function missing(evidence: ServerEvidence): string {
  const { tallies, control } = evidence;
  const { tooOld } = evidence.leftOut;
  const unclean = size(tallies.afterUncleanFin) + size(tallies.afterUncleanRst);
  if (unclean + tooOld > 0 && control.resumed === 0) {
    return 'Close one connection to it with close_notify, then offer that session again: if it is resumed, unclean closes cost the others.';
  }
  if (unclean === 0 && tooOld > 0) {
    return 'Offer a session again soon after an unclean close: those in the capture came back later than any that was resumed.';
  }
  if (unclean === 0 && size(control) > 0) {
    return 'No session was offered after an unclean close: close one connection without close_notify, then offer its session again.';
  }
  return 'Capture the ends of connections as well, unfiltered and whole: which close came before the offers cannot be seen.';
}

function size({ resumed, declined }: Tally): number {
  return resumed + declined;
}
