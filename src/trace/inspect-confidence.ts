/**
 * How far a drafter's confidence can be believed, and what it is worth: expected against observed, and tokens a round
 * where so many drafts are verified in the mean, by one length, by confidence, and by a signal that knows.
 */

export interface ConfidenceInspection {
  /** Whether it was assumed instead of recorded. */
  readonly assumed: boolean;
  /** Of a right and a wrong draft, how often the right one has the higher confidence; null without both. */
  readonly auc: number | null;
  /** Mean distance between expected and observed, weighed by drafts. */
  readonly calibration_error: number;
  /** By tenth of the confidence; those without drafts are left out. */
  readonly tenths: readonly {
    readonly from: number;
    readonly drafts: number;
    readonly expected: number;
    readonly observed: number;
  }[];
  readonly at_equal_drafts: readonly {
    readonly drafts_per_round: number;
    readonly one_length: number;
    readonly by_confidence: number;
    readonly perfect: number;
  }[];
}

const TENTHS = 10;
/** Steps of a chance of survival, by which drafts are ranked. */
const RANKS = 4096;
const BYTES = 256;

/**
 * @param accepted of round i
 * @param chance of round i and depth d
 */
export function inspectConfidence(
  rounds: number,
  depths: number,
  accepted: (round: number) => number,
  chance: (round: number, depth: number) => number,
  assumed: boolean,
): ConfidenceInspection {
  const [drafts, sums, right] = [0, 0, 0].map(() => new Float64Array(TENTHS)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const byChance = [new Float64Array(BYTES), new Float64Array(BYTES)] as const;
  const ranked = new Float64Array(RANKS + 1);
  const rankedRight = new Float64Array(RANKS + 1);
  const reached = new Float64Array(depths);
  for (let i = 0; i < rounds; i++) {
    const count = accepted(i);
    let survives = 1;
    for (let d = 0; d < depths; d++) {
      const stated = chance(i, d);
      survives *= stated;
      const rank = Math.round(RANKS * survives);
      ranked[rank]!++;
      if (d < count) {
        rankedRight[rank]!++;
        reached[d]!++;
      }
      if (d > count) continue;
      const tenth = Math.min(Math.floor(TENTHS * stated), TENTHS - 1);
      drafts[tenth]!++;
      sums[tenth]! += stated;
      if (d < count) right[tenth]!++;
      byChance[d < count ? 1 : 0][Math.round((BYTES - 1) * stated)]!++;
    }
  }
  const all = drafts.reduce((sum, n) => sum + n, 0);
  const tenths = Array.from(drafts, (n, i) => ({
    from: i / TENTHS,
    drafts: n,
    expected: sums[i]! / n,
    observed: right[i]! / n,
  })).filter((one) => one.drafts > 0);
  return {
    assumed,
    auc: areaUnder(byChance[0], byChance[1]),
    calibration_error:
      tenths.reduce((sum, one) => sum + one.drafts * Math.abs(one.expected - one.observed), 0) / all,
    tenths,
    at_equal_drafts: atEqualDrafts(rounds, reached, ranked, rankedRight),
  };
}

function areaUnder(wrong: Float64Array, right: Float64Array): number | null {
  let below = 0;
  let area = 0;
  for (let b = 0; b < BYTES; b++) {
    area += right[b]! * (below + wrong[b]! / 2);
    below += wrong[b]!;
  }
  const rights = right.reduce((sum, n) => sum + n, 0);
  return rights * below === 0 ? null : area / (rights * below);
}

/** The drafts most likely to survive of all rounds together; of equal ones the same share is right. */
function atEqualDrafts(
  rounds: number,
  reached: Float64Array,
  ranked: Float64Array,
  rankedRight: Float64Array,
): ConfidenceInspection['at_equal_drafts'] {
  const total = reached.reduce((sum, n) => sum + n, 0);
  let rank = RANKS;
  let taken = 0;
  let rightTaken = 0;
  let oneLength = 0;
  return Array.from(reached, (_, d) => {
    const budget = rounds * (d + 1);
    while (rank > 0 && taken + ranked[rank]! <= budget) {
      taken += ranked[rank]!;
      rightTaken += rankedRight[rank]!;
      rank--;
    }
    const share = ranked[rank]! === 0 ? 0 : (budget - taken) / ranked[rank]!;
    oneLength += reached[d]!;
    return {
      drafts_per_round: d + 1,
      one_length: 1 + oneLength / rounds,
      by_confidence: 1 + (rightTaken + share * rankedRight[rank]!) / rounds,
      perfect: 1 + Math.min(total, budget) / rounds,
    };
  });
}
