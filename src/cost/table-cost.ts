/**
 * Prices of measured steps. Between measured sizes (by the logarithm), drafts and contexts they are interpolated; what a table
 * does not say the roofline does, by ratio: how a step's time divides into parts, what another context changes, and, where
 * a table has plain steps alone, how much longer one with drafts takes. Prompts are the roofline's.
 *
 * Left out: prefill beside decoding, which is added to a measured step as the roofline adds it.
 */
import { UserError } from '../errors.ts';
import type { StepTable } from './step-table.ts';
import {
  type CostModel,
  noSeconds,
  type PartSeconds,
  type PassWork,
  StepWork,
  totalSeconds,
} from './work.ts';

/** Measured seconds along one axis, ascending. */
interface Axis<T> {
  readonly at: readonly number[];
  readonly of: readonly T[];
}

export class TableCost implements CostModel {
  readonly name = 'table';
  readonly #roofline: CostModel;
  readonly #by: StepTable['by'];
  readonly #beyond: boolean;
  readonly #where: string;
  /** By context, then drafts, then size. */
  readonly #times: Axis<Axis<Axis<number>>>;
  readonly #known: boolean;
  readonly #plainOnly: boolean;
  /** Whether what a sequence drafts tells steps apart. */
  readonly #byDrafts: boolean;
  readonly #other = noSeconds();
  #work: StepWork | null = null;

  /**
   * @param beyond whether sizes, drafts and contexts beyond the table take the ratio of its edge
   * @param where what to call it in an error
   */
  constructor(table: StepTable, roofline: CostModel, beyond: boolean, where: string) {
    this.#roofline = roofline;
    this.#by = table.by;
    this.#beyond = beyond;
    this.#where = where;
    this.#known = table.rows.every(({ context }) => context !== null);
    this.#plainOnly = table.rows.every(({ drafted }) => drafted === 0);
    this.#byDrafts = !this.#plainOnly && table.rows.every(({ drafted }) => drafted !== null);
    this.#times = axis(
      table.rows,
      ({ context }) => context ?? 0,
      (ofContext) =>
        axis(
          ofContext,
          ({ drafted }) => drafted ?? 0,
          (ofDrafts) =>
            axis(
              ofDrafts,
              ({ size }) => size,
              ([row]) => row!.seconds,
            ),
        ),
    );
  }

  pricePrefill(prompts: PassWork, cost: PartSeconds): void {
    this.#roofline.pricePrefill(prompts, cost);
  }

  priceStep(work: StepWork, cost: PartSeconds): void {
    this.#roofline.priceStep(work, cost);
    const factor = this.#factor(work);
    cost.draftS *= factor;
    cost.verifyS *= factor;
    cost.samplingS *= factor;
    cost.overheadS *= factor;
  }

  /** How many times as long a measured step takes as the roofline says of one as large, with as many drafts, in its context. */
  #factor(work: StepWork): number {
    const { verify } = work;
    const { sequences } = verify;
    const size = this.#by === 'tokens' && !this.#plainOnly ? verify.tokens : sequences;
    const drafted = this.#byDrafts ? work.drafted / sequences : 0;
    const context = Math.max(1, (verify.contextTokens - work.drafted) / sequences);
    const at = this.#known ? this.#within(this.#times.at, context, 'a context of', 'tokens') : 0;
    let share = 1;
    const seconds = between(this.#times, at, (ofContext) => {
      const d = this.#within(ofContext.at, drafted, 'steps with', 'drafts a sequence');
      return between(ofContext, d, (ofDrafts) => {
        const s = this.#within(ofDrafts.at, size, 'steps of', this.#by);
        share = s / size;
        return between(ofDrafts, s, (one) => one, Math.log);
      });
    });
    const asMeasured = this.#asMeasured(work, share, this.#known ? at / context : 1);
    this.#roofline.priceStep(asMeasured, this.#other);
    return seconds / totalSeconds(this.#other);
  }

  /** A step like another, of a share of its size and in another context; plain where only those were measured. */
  #asMeasured(work: StepWork, share: number, ofContext: number): StepWork {
    const other = this.#emptyFor(work);
    const { verify } = work;
    const plain = this.#plainOnly;
    const sequences = Math.max(1, Math.round(share * verify.sequences));
    const scale = sequences / verify.sequences;
    const context = scale * ofContext * (verify.contextTokens - work.drafted);
    const tokens = plain ? sequences : Math.round(scale * verify.tokens);
    const drafted = plain ? 0 : scale * work.drafted;
    other.addVerified(
      sequences,
      drafted,
      tokens,
      context + drafted,
      (context * tokens) / sequences + (drafted * tokens) / (2 * sequences),
    );
    if (plain) return other;
    other.searches = scale * work.searches;
    other.searchHits = scale * work.searchHits;
    other.ragged = scale * work.ragged;
    for (const [d, draft] of work.drafts.entries()) {
      for (let length = 1; length <= draft.longest; length++) {
        const own = draft.sequencesOfLength[length]!;
        if (own === 0) continue;
        const catchUp = length === draft.longest ? Math.round(scale * draft.catchUpTokens) : 0;
        other.drafts[d]!.addAll(
          Math.max(1, Math.round(scale * own)),
          length,
          scale * ofContext * draft.contextOfLength[length]!,
          catchUp,
        );
      }
    }
    return other;
  }

  /** An empty step with room for what another drafts, as settings of several lengths and drafters share a price. */
  #emptyFor({ drafts }: StepWork): StepWork {
    const kept = this.#work;
    const room = (d: number) => kept!.drafts[d]!.sequencesOfLength.length;
    if (
      kept?.drafts.length === drafts.length &&
      drafts.every(({ sequencesOfLength: { length } }, d) => length <= room(d))
    ) {
      kept.clear();
      return kept;
    }
    const most = drafts.reduce((longest, one) => Math.max(longest, one.sequencesOfLength.length - 1), 0);
    this.#work = new StepWork(drafts.length, most);
    return this.#work;
  }

  /** @throws UserError outside of what was measured, unless that may be left */
  #within(measured: readonly number[], value: number, what: string, unit: string): number {
    const [least, most] = [measured[0]!, measured.at(-1)!];
    if (value >= least && value <= most) return value;
    if (this.#beyond) return Math.min(Math.max(value, least), most);
    const rounded = Number(value.toPrecision(4));
    throw new UserError(
      `--cost table:${this.#where}: ${what} ${rounded} ${unit}, expected ${least === most ? least : `${least} to ${most}`} as it was measured; --beyond-table goes on by the roofline's ratio`,
    );
  }
}

function axis<Row, T>(
  rows: readonly Row[],
  keyOf: (row: Row) => number,
  make: (rows: readonly Row[]) => T,
): Axis<T> {
  const at = [...new Set(rows.map(keyOf))].sort((a, b) => a - b);
  return { at, of: at.map((key) => make(rows.filter((row) => keyOf(row) === key))) };
}

/** What `value` has at a place between two others, linearly on the scale given. */
function between<T>(
  { at, of }: Axis<T>,
  place: number,
  value: (of: T) => number,
  scale: (place: number) => number = (one) => one,
): number {
  let above = at.findIndex((one) => one >= place);
  if (above === -1) above = at.length - 1;
  if (at[above] === place || above === 0) return value(of[above]!);
  const [from, to] = [scale(at[above - 1]!), scale(at[above]!)];
  const share = (scale(place) - from) / (to - from);
  const low = value(of[above - 1]!);
  return low + share * (value(of[above]!) - low);
}
