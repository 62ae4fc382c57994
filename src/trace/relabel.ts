/**
 * The lengths of a recording under another rule of acceptance. Where the target's scores of drafts were recorded, rounds are
 * exact to the first draft that is kept and wrong; behind it the text is another, of which nothing is known. A fresh round
 * there takes its statistics as unchanged; that it stops, and that it accepts everything, are the bounds.
 *
 * Without scores the published effect of the rule is laid on the lengths.
 */
import { UserError } from '../errors.ts';
import { stream } from '../random/streams.ts';
import { type AcceptRule, Judge, PUBLISHED } from './accept-rule.ts';
import { withMissed, withMoreOrFewer } from './drafter-quality.ts';
import { tokensPerRound } from './statistics.ts';
import { scoreAt } from './token-scores.ts';
import type { PositionLengths } from './trace.ts';

export interface Relabelled {
  readonly lengths: PositionLengths;
  /** `exact`: nothing wrong was kept; `first mismatch`: exact to there; `mapped`: nothing of it was recorded. */
  readonly grade: 'exact' | 'first mismatch' | 'mapped';
  /** Tokens a round at a draft length where rounds end behind what was kept and wrong, and where they never do. */
  readonly bounds: ((k: number) => readonly [least: number, most: number]) | null;
}

/**
 * @param drafter names its coins
 * @throws UserError for a rule of which neither scores nor anything published is there
 */
export function relabelled(
  lengths: PositionLengths,
  rule: AcceptRule,
  drafter: string,
  seed: number,
): Relabelled {
  const { scores } = lengths;
  // A temperature other than the recorded one cannot be told from one probability of each draft.
  if (scores === undefined || (rule.kind === 'sample' && rule.numbers[0] !== 1)) {
    return { lengths: mapped(lengths, rule, drafter, seed), grade: 'mapped', bounds: null };
  }
  const judge = new Judge(rule);
  const coins = coinsOf(lengths, drafter, seed);
  const { offsets, emitted, maxK } = lengths;
  const walked = new Uint8Array(emitted.length);
  const least = new Uint8Array(emitted.length);
  const most = new Uint8Array(emitted.length);
  let wrongKept = false;
  for (let r = 0; r + 1 < offsets.length; r++) {
    const end = offsets[r + 1]!;
    for (const into of [walked, least, most]) into.fill(1, offsets[r], end);
    for (let from = offsets[r]! + 1; from < end; from++) {
      judge.begin();
      let kept = 0;
      let untilWrong = -1;
      let right = emitted[from]! - 1;
      for (let at = from; kept < maxK && at < end; at++) {
        if (!judge.keeps(scoreAt(scores, at), coins[at]!)) break;
        kept++;
        if (right > 0) {
          right--;
        } else {
          if (untilWrong < 0) untilWrong = kept;
          right = at + 1 < end ? emitted[at + 1]! - 1 : 0;
        }
      }
      wrongKept ||= untilWrong >= 0;
      walked[from] = kept + 1;
      least[from] = (untilWrong < 0 ? kept : untilWrong) + 1;
      most[from] = (untilWrong < 0 ? kept : Math.min(maxK, end - from)) + 1;
    }
  }
  const { ranks: _ranks, confidence: _confidence, scores: _scores, ...chain } = lengths;
  const column = (own: Uint8Array): PositionLengths => ({
    ...chain,
    emitted: own,
    proposed: proposals(lengths, own),
  });
  return {
    lengths: { ...column(walked), kind: wrongKept ? 'fitted' : lengths.kind },
    grade: wrongKept ? 'first mismatch' : 'exact',
    bounds: wrongKept ? (k) => [tokensPerRound(column(least), k), tokensPerRound(column(most), k)] : null,
  };
}

/** A look-up proposes at least what is accepted. */
function proposals({ proposed }: PositionLengths, emitted: Uint8Array): PositionLengths['proposed'] {
  return proposed instanceof Uint8Array
    ? proposed.map((drafts, at) => Math.max(drafts, emitted[at]! - 1))
    : proposed;
}

function mapped(lengths: PositionLengths, rule: AcceptRule, drafter: string, seed: number): PositionLengths {
  const { at, keeps, loses } = PUBLISHED[rule.kind];
  if (loses !== undefined) {
    const [temperature] = rule.numbers as [number];
    return withMissed(lengths, Math.min(1, (loses * temperature) / at[0]!), drafter, seed);
  }
  if (rule.numbers.join() !== at.join()) {
    throw new UserError(
      `--accept ${rule.written}: the target's scores of ${drafter}'s drafts were not recorded, and published is only ${rule.kind}:${at.join()}; expected that, or a trace with scores (docs/formats.md)`,
    );
  }
  return withMoreOrFewer(
    lengths,
    keeps!.times,
    keeps!.k,
    drafter,
    seed,
    `--accept ${rule.written}, ${drafter}`,
  );
}

function coinsOf({ offsets }: PositionLengths, drafter: string, seed: number): Float64Array {
  const coins = new Float64Array(offsets.at(-1)!);
  for (let r = 0; r + 1 < offsets.length; r++) {
    const draw = stream(seed, 'accept', drafter, r);
    for (let at = offsets[r]!; at < offsets[r + 1]!; at++) coins[at] = draw();
  }
  return coins;
}

/** What a user should know of lengths under a rule; null where nothing is doubtful. */
export function ruleRemark(
  { kind, written }: AcceptRule,
  { grade, bounds }: Relabelled,
  k: number,
): string | null {
  if (grade === 'exact') return null;
  if (grade === 'mapped') {
    const greedy = kind === 'sample' ? 'the recording is of greedy decoding; ' : '';
    return `${greedy}acceptance under ${written} is mapped, by what was published (${PUBLISHED[kind].source}); quality not modelled`;
  }
  const [least, most] = bounds!(k).map((tokens) => tokens.toFixed(2));
  return `${written} is exact to the first wrong draft that is kept; behind it tokens a round lie between ${least} and ${most} at k = ${k}; quality not modelled`;
}
