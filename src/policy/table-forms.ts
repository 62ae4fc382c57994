/**
 * Schedules by batch size as engines other than vLLM write them: TensorRT-LLM's `draft_len_schedule` (a key is the largest
 * batch size of its length, nothing is drafted above the last) and the slots of SGLang's adaptive speculation (a key is
 * the smallest batch size), where a slot has one candidate and so no controller.
 */
import { shown, UserError } from '../errors.ts';

/** Batch sizes and mean contexts in tokens, both ends included. */
export interface TableEntry {
  readonly batchLo: number;
  readonly batchHi: number;
  readonly contextLo: number;
  readonly contextHi: number;
  readonly k: number;
  /** What is said of it where it stands for sizes or contexts that the file leaves open, and does what its engine does. */
  readonly open?: string;
}

const EVERY_CONTEXT = { contextLo: 1, contextHi: Number.POSITIVE_INFINITY };

type Fields = Readonly<Record<string, unknown>>;

/** The entries of such a file; null for another. Throws a UserError for one of them that is broken. */
export function parseTableForm(json: unknown, where: string): TableEntry[] | null {
  if (!isObject(json)) return null;
  const config = isObject(json.speculative_config) ? json.speculative_config : json;
  if (isObject(config.draft_len_schedule)) return upTo(config.draft_len_schedule, where);
  const slots = Object.entries(json).filter(([key]) => /^\d+$/.test(key));
  return slots.length > 0 && slots.every(([, slot]) => isObject(slot) && 'candidate_steps' in slot)
    ? from(slots as [string, Fields][], where)
    : null;
}

function upTo(schedule: Fields, where: string): TableEntry[] {
  const lengths = Object.entries(schedule).map(([size, k]) => [Number(size), k] as const);
  if (lengths.length === 0)
    throw new UserError(`${where}: draft_len_schedule is empty, expected such as {"8": 4}`);
  for (const [size, k] of lengths) {
    if (!isWhole(size, 1) || !isWhole(k, 0)) {
      throw new UserError(
        `${where}: draft_len_schedule: got ${shown(size)}: ${shown(k)}, expected a batch size of at least 1 and a length of at least 0`,
      );
    }
  }
  lengths.sort(([a], [b]) => a - b);
  const entries = lengths.map(([batchHi, k], i) => ({
    batchLo: i === 0 ? 1 : lengths[i - 1]![0] + 1,
    batchHi,
    ...EVERY_CONTEXT,
    k: k as number,
  }));
  const last = lengths.at(-1)!;
  const above = {
    batchLo: last[0] + 1,
    batchHi: Number.POSITIVE_INFINITY,
    ...EVERY_CONTEXT,
    k: 0,
    open: `${where} ends at batch ${last[0]}: above, nothing is drafted, as in TensorRT-LLM`,
  };
  return [...entries, above];
}

function from(slots: readonly [string, Fields][], where: string): TableEntry[] {
  const sizes = slots.map(([key]) => Number(key)).sort((a, b) => a - b);
  const entries = sizes.map((size, i) => {
    const steps = slots.find(([key]) => Number(key) === size)![1].candidate_steps;
    if (!Array.isArray(steps) || steps.length !== 1 || !isWhole(steps[0], 0)) {
      throw new UserError(
        `${where}: slot ${size}: candidate_steps: got ${shown(steps)}, expected one number of steps, as among several SGLang's controller chooses`,
      );
    }
    return {
      batchLo: size,
      batchHi: (sizes[i + 1] ?? Number.POSITIVE_INFINITY) - 1,
      ...EVERY_CONTEXT,
      k: steps[0] as number,
    };
  });
  const [first] = entries;
  const least = first!.batchLo;
  if (least <= 1) return [{ ...first!, batchLo: 1 }, ...entries.slice(1)];
  const open = `${where} begins at batch ${least}: below, its first k is taken, as in SGLang`;
  return [{ ...first!, batchLo: 1, batchHi: least - 1, open }, ...entries];
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least;
}
