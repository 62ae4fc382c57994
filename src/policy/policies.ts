/** The policies by name, and how each is made. */
import { UserError, unknownName } from '../errors.ts';
import type { PositionLengths } from '../trace/trace.ts';
import { AutoBudget } from './auto-budget.ts';
import { Cascade } from './cascade.ts';
import { ConfidenceThreshold } from './confidence-threshold.ts';
import { FixedLength } from './fixed-length.ts';
import { Goodput } from './goodput.ts';
import { Bounded, LengthChanges, type LengthLimits } from './length-changes.ts';
import { NoisyOracle } from './noisy-oracle.ts';
import { OneLength } from './one-length.ts';
import { PerRequest } from './per-request.ts';
import type { Policy, StepPrice } from './policy.ts';
import type { SharedLengths, SharedParts } from './shared-lengths.ts';
import { Table } from './table.ts';
import type { TableEntry } from './table-forms.ts';
import { TokenBudget } from './token-budget.ts';

/** Policies that are named without an argument. */
const PLAIN = ['fixed', 'goodput', 'per-request', 'cascade'] as const;
type Plain = (typeof PLAIN)[number];

/** A policy as the user names it, taken apart. `fixed` drafts k in every round; for the others k is the most. */
export type PolicySpec =
  | { readonly kind: Plain }
  | { readonly kind: 'table-file'; readonly file: string }
  | { readonly kind: 'table'; readonly entries: readonly TableEntry[] }
  | { readonly kind: 'noisy-oracle'; readonly chance: number }
  | SharedSpec;

/** Who decides for the rounds of a step by the drafter's confidence. */
export type SharedSpec = (
  | { readonly kind: 'budget-auto' | 'one-length' }
  | { readonly kind: 'budget'; readonly tokens: number }
  | { readonly kind: 'threshold'; readonly chance: number }
) & {
  /** How sharp the confidence is, as an AUC; null: as recorded, or assumed. */
  readonly auc: number | null;
};

/** A policy under the name the user gave it. */
export interface NamedPolicy {
  readonly name: string;
  readonly spec: PolicySpec;
}

export const FIXED: NamedPolicy = { name: 'fixed', spec: { kind: 'fixed' } };

/** Every form a policy name can take, for lists and errors. */
export const POLICY_FORMS = [
  'fixed',
  'table:FILE',
  'off-above:BATCH',
  'goodput',
  'goodput:confidence',
  'budget:TOKENS',
  'budget:auto',
  'confidence:CHANCE',
  'per-request',
  'cascade',
  'oracle',
  'noisy-oracle:CHANCE',
] as const;

/** Takes a policy's name apart. Throws a UserError that names the nearest valid one. */
export function parsePolicy(name: string): PolicySpec {
  const [kind, argument] = /^([^:]*):(.*)$/.exec(name)?.slice(1) ?? [name];
  if (argument === undefined) {
    const plain = PLAIN.find((one) => one === kind);
    if (plain !== undefined) return { kind: plain };
    if (kind === 'oracle') return { kind: 'noisy-oracle', chance: 1 };
    throw unknownName('policy', name, POLICY_FORMS);
  }
  if (kind === 'table' && argument !== '') return { kind: 'table-file', file: argument };
  if (kind === 'off-above') {
    const batch = Number(argument);
    if (!Number.isInteger(batch) || batch < 1) {
      throw new UserError(`policy ${JSON.stringify(name)}: expected a batch size, such as off-above:64`);
    }
    const contexts = { contextLo: 1, contextHi: Number.POSITIVE_INFINITY };
    return {
      kind: 'table',
      entries: [
        { batchLo: 1, batchHi: batch, ...contexts, k: Number.POSITIVE_INFINITY },
        { batchLo: batch + 1, batchHi: Number.POSITIVE_INFINITY, ...contexts, k: 0 },
      ],
    };
  }
  if (kind === 'noisy-oracle' || kind === 'confidence') {
    const chance = Number(argument);
    if (argument.trim() === '' || !(chance >= 0 && chance <= 1)) {
      throw new UserError(`policy ${JSON.stringify(name)}: expected a chance of 0 to 1, such as ${kind}:0.8`);
    }
    return kind === 'confidence' ? { kind: 'threshold', chance, auc: null } : { kind, chance };
  }
  if (kind === 'goodput' && argument === 'confidence') return { kind: 'one-length', auc: null };
  if (kind === 'budget') {
    if (argument === 'auto') return { kind: 'budget-auto', auc: null };
    const tokens = Number(argument);
    if (!Number.isInteger(tokens) || tokens < 1) {
      throw new UserError(
        `policy ${JSON.stringify(name)}: expected tokens verified a step, such as budget:256, or budget:auto`,
      );
    }
    return { kind, tokens, auc: null };
  }
  throw unknownName('policy', name, POLICY_FORMS);
}

/** Whether it goes by the drafter's confidence. */
export function isShared(spec: PolicySpec): spec is SharedSpec {
  return ['budget', 'budget-auto', 'one-length', 'threshold'].includes(spec.kind);
}

/** Whether it decides by how many sequences a step has, or by what a step of them costs. */
export function seesBatch({ kind }: PolicySpec): boolean {
  return !['fixed', 'noisy-oracle', 'per-request', 'threshold'].includes(kind);
}

/** Draft lengths that all rounds of a step may have, of a policy that goes no further than `maxK` and no lower than `floor`. */
export function lengthsOfSteps(spec: PolicySpec, maxK: number, floor = 0): number {
  const least = Math.min(floor, maxK);
  if (spec.kind === 'table') {
    return new Set(spec.entries.map(({ k }) => Math.max(least, Math.min(k, maxK)))).size;
  }
  return spec.kind === 'goodput' || spec.kind === 'one-length' ? maxK + 1 - least : 1;
}

/** Makes the lengths of a step's rounds, with no memory of earlier runs. */
export function makeShared(spec: SharedSpec, parts: SharedParts): SharedLengths {
  switch (spec.kind) {
    case 'budget':
      return new TokenBudget(parts, spec.tokens);
    case 'budget-auto':
      return new AutoBudget(parts);
    case 'one-length':
      return new OneLength(parts);
    case 'threshold':
      return new ConfidenceThreshold(parts, spec.chance);
  }
}

interface PolicyParts {
  readonly requests: number;
  /** The longest draft. */
  readonly maxK: number;
  readonly price: StepPrice;
  readonly limits: LengthLimits;
  /** The recording of each part that may draft, for the oracles alone. */
  readonly lengths: () => readonly PositionLengths[];
  readonly seed: number;
  /** Told of what a policy was not made for. */
  readonly remark?: (what: string) => void;
}

/** Makes a policy with no memory of earlier runs. */
export function makePolicy(spec: Exclude<PolicySpec, SharedSpec>, parts: PolicyParts): Policy {
  const policy = unbound(spec, parts);
  return policy.stepLength === undefined
    ? policy
    : new Bounded(policy, new LengthChanges(parts.limits, parts.maxK));
}

function unbound(spec: Exclude<PolicySpec, SharedSpec>, parts: PolicyParts): Policy {
  switch (spec.kind) {
    case 'fixed':
      return new FixedLength(parts.maxK);
    case 'goodput':
      return new Goodput(parts.price, parts.maxK);
    case 'per-request':
      return new PerRequest(parts.requests, parts.maxK);
    case 'cascade':
      return new Cascade(parts.price, parts.maxK);
    case 'table':
      return new Table(spec.entries, parts.maxK, parts.remark);
    case 'noisy-oracle':
      return new NoisyOracle(parts.lengths(), spec.chance, parts.maxK, parts.seed);
    case 'table-file':
      throw new Error(`policy table ${spec.file} was never read`);
  }
}
