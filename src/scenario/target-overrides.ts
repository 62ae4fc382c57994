/** What-if values of the target's experts (`--set target.experts.PATH=VALUE`), put into its card once it is read. */
import { UserError } from '../errors.ts';
import { type Experts, expertsOf, type Transformer } from '../model/architecture.ts';
import { DEFAULT_ROUTING } from '../model/feed-forward.ts';
import { got } from '../validate.ts';

/** One value as it was understood. */
interface TargetOverride {
  readonly path: string;
  readonly written: string;
  readonly changed: readonly {
    readonly path: string;
    readonly unit: null;
    readonly before: number;
    readonly after: number;
  }[];
}

interface Settable {
  /** As the card has it, or as it is assumed. */
  readonly before: (experts: Experts) => number;
  readonly fits: (value: number, experts: Experts) => boolean;
  readonly expected: (experts: Experts) => string;
  readonly whole?: true;
}

const SETTABLE: Readonly<Record<string, Settable>> = {
  share: {
    before: ({ share }) => share ?? DEFAULT_ROUTING.share,
    fits: (value) => value >= 0 && value <= 1,
    expected: () => 'a share from 0 to 1',
  },
  skew: {
    before: ({ skew }) => skew ?? DEFAULT_ROUTING.skew,
    fits: (value) => value >= 0 && value <= 3,
    expected: () => 'an exponent from 0 to 3',
  },
  alike: {
    before: ({ alike }) => alike ?? DEFAULT_ROUTING.alike,
    fits: (value) => value >= 0 && value <= 1,
    expected: () => 'a share from 0, requests that differ, to 1, copies of one',
  },
  perToken: {
    before: ({ perToken }) => perToken,
    fits: (value, { count }) => Number.isInteger(value) && value >= 1 && value <= count,
    expected: ({ count }) => `a whole number from 1 to ${count}`,
    whole: true,
  },
};

const PREFIX = 'target.experts.';

export const TARGET_PATHS: readonly string[] = Object.keys(SETTABLE).map((key) => `${PREFIX}${key}`);

/**
 * The target with its what-if values in place, and these as they were understood.
 *
 * @throws UserError for a target without experts, and a value that does not fit
 */
export function withTargetSet(
  target: Transformer,
  set: Readonly<Record<string, string>>,
): { readonly target: Transformer; readonly overrides: readonly TargetOverride[] } {
  const overrides: TargetOverride[] = [];
  let changed = target;
  for (const [path, written] of Object.entries(set)) {
    if (!TARGET_PATHS.includes(path)) continue;
    const experts = expertsOf(changed);
    if (experts === null) {
      throw new UserError(`--set ${path}=${written} has no effect: ${target.name} has no experts`);
    }
    const key = path.slice(PREFIX.length);
    const { before, fits, expected, whole } = SETTABLE[key]!;
    const value = numberOf(written, before(experts), whole === true);
    if (!fits(value, experts)) {
      throw new UserError(
        `--set ${path}=${written}: got ${got(Number.isNaN(value) ? written : value)}, expected ${expected(experts)}, or a factor such as 1.2x`,
      );
    }
    overrides.push({ path, written, changed: [{ path, unit: null, before: before(experts), after: value }] });
    changed = {
      ...changed,
      feedForwards: changed.feedForwards.map((one) =>
        one.kind === 'experts' ? { ...one, [key]: value } : one,
      ),
    };
  }
  return { target: changed, overrides };
}

function numberOf(written: string, before: number, whole: boolean): number {
  const factor = /^\s*(\S+?)\s*x\s*$/i.exec(written)?.[1];
  if (factor === undefined) return written.trim() === '' ? Number.NaN : Number(written);
  const value = Number((before * Number(factor)).toPrecision(15));
  return whole ? Math.round(value) : value;
}
