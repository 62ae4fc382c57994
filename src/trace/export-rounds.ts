/** Rounds, one by one, as other simulators replay them. */
import { UserError, unknownName } from '../errors.ts';
import { signalOf } from './assumed-confidence.ts';
import type { AcceptanceRecord } from './record.ts';
import { positionsOfSteps } from './steps.ts';
import type { PositionLengths } from './trace.ts';

export interface Asked {
  /** Null where the record has one. */
  readonly method: string | null;
  /** Null: the recorded one. */
  readonly k: number | null;
}

/** What an export is written from. */
export interface Lengths {
  readonly name: string;
  readonly method: string;
  readonly lengths: PositionLengths;
  readonly k: number;
}

/** Seed of a confidence that is assumed: a file is the same whenever it is written. */
const SEED = 1;

/** Decimals of a chance: more than the 255ths in which it is recorded. */
const DECIMALS = 4;

/** One method's lengths by position, and the k asked for. Throws a UserError for a method or k that the record lacks. */
export function lengthsAt(
  record: Exclude<AcceptanceRecord, { kind: 'rates' }>,
  asked: Asked,
  where: string,
): Lengths {
  const steps = record.kind === 'step-indexed' ? record.drafters : null;
  const methods =
    record.kind === 'step-indexed'
      ? record.drafters.map(({ method }) => method)
      : [...record.trace.drafters.keys()];
  const method = asked.method ?? methods[0]!;
  if (!methods.includes(method)) throw unknownName('method', method, methods);
  if (asked.method === null && methods.length > 1)
    throw new UserError(`${where}: several methods, expected --method ${methods.join(' or ')}`);
  const lengths =
    record.kind === 'step-indexed'
      ? positionsOfSteps(steps!.find((one) => one.method === method)!, where)
      : record.trace.drafters.get(method)!;
  const name = record.kind === 'step-indexed' ? record.name : record.trace.name;
  return { name, method, lengths, k: checkedK(asked.k, lengths.maxK, where) };
}

/** @throws UserError for a k beyond what was measured */
export function checkedK(asked: number | null, measured: number, where: string): number {
  const k = asked ?? measured;
  if (k >= 1 && k <= measured) return k;
  throw new UserError(`${where}: k ${k}, expected 1 to ${measured}, which was measured`);
}

/**
 * The rounds of every request at k, as Frontier replays them (frontier/config/config.py, `acceptance_trace_file`): told
 * by the number of the request from 0 on, as Frontier counts its own, and none without a round, which it refuses.
 */
export function frontierTrace({ lengths, k }: Lengths): object {
  const { offsets, emitted, proposed } = lengths;
  const committed: Record<string, number[]> = {};
  const scheduled: Record<string, number[]> = {};
  for (let r = 0; r + 1 < offsets.length; r++) {
    const end = offsets[r + 1]!;
    const [own, drafts]: number[][] = [[], []];
    for (let at = offsets[r]! + 1; at < end; at += own!.at(-1)!) {
      own!.push(Math.min(emitted[at]!, k + 1, end - at));
      drafts!.push(Math.min(proposed instanceof Uint8Array ? proposed[at]! : k, k));
    }
    if (own!.length === 0) continue;
    committed[r] = own!;
    scheduled[r] = drafts!;
  }
  return {
    per_request_committed_tokens_per_iteration: committed,
    per_request_scheduled_draft_tokens_per_iteration: scheduled,
  };
}

/**
 * A bank of rounds as inference-lab replays it (src/config/speculative.rs, `TraceBank::load`): drafts that a round accepts at
 * full depth, its category, and the confidence of every draft, 0 where none was drafted.
 *
 * @throws UserError where there is no round
 */
export function roundsWithConfidence({ name, lengths, k }: Lengths, where: string): string {
  const { offsets, emitted, proposed } = lengths;
  const signal = signalOf(lengths, null, SEED);
  const depths = Math.min(k, signal.depths);
  // A cell of the other reader has no quotes.
  const category = name.replace(/[",\s]+/g, '-');
  const lines = [['commits', 'category', ...Array.from({ length: depths }, (_, d) => `a${d}`)].join(',')];
  for (let r = 0; r + 1 < offsets.length; r++) {
    for (let at = offsets[r]! + 1; at < offsets[r + 1]!; at += Math.min(emitted[at]!, k + 1)) {
      const drafts = proposed instanceof Uint8Array ? proposed[at]! : depths;
      const cells: (string | number)[] = [Math.min(emitted[at]! - 1, depths), category];
      for (let d = 0; d < depths; d++) {
        cells.push(d < drafts ? Number(signal.chance(at, d).toFixed(DECIMALS)) : 0);
      }
      lines.push(cells.join(','));
    }
  }
  if (lines.length === 1) throw new UserError(`${where}: no rounds, expected outputs of two tokens or more`);
  return `${lines.join('\n')}\n`;
}
