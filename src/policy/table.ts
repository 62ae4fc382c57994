/**
 * Draft length by batch size, and by context where the table has it: the schedule of vLLM
 * (`num_speculative_tokens_per_batch_size`; vllm/v1/spec_decode/dynamic/utils.py). Sizes in a gap and above the
 * last range take the k of the range before, with a remark; no k exceeds the longest draft. `off-above` is a table of two
 * ranges.
 *
 * Left out: requests in prefill, which vLLM counts in the batch size.
 */
import { shown, UserError } from '../errors.ts';
import type { Policy } from './policy.ts';
import { parseTableForm, type TableEntry } from './table-forms.ts';

const ENDLESS = 2 ** 31 - 1;

/**
 * Reads `[[lo, hi, k], ...]` or `[[lo, hi, context lo, context hi, k], ...]`, alone or in a speculative_config,
 * whose `num_speculative_tokens` then caps every k; and schedules of other engines (table-forms.ts).
 *
 * @throws UserError for what vLLM would refuse: overlaps, a first range that does not start at 1, mixed or ragged forms
 */
export function parseTable(json: unknown, where: string): TableEntry[] {
  const other = parseTableForm(json, where);
  if (other !== null) return other;
  const config =
    typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Readonly<Record<string, unknown>>)
      : { num_speculative_tokens_per_batch_size: json };
  const rows = config.num_speculative_tokens_per_batch_size;
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new UserError(
      `${where}: expected num_speculative_tokens_per_batch_size, a list such as [[1, 64, 3], [65, 512, 0]]`,
    );
  }
  const cap = config.num_speculative_tokens ?? Number.POSITIVE_INFINITY;
  if (typeof cap !== 'number' || !(cap >= 1)) {
    throw new UserError(
      `${where}: num_speculative_tokens: got ${shown(cap)}, expected a whole number of at least 1`,
    );
  }
  const entries = rows.map((row, i) => parseEntry(row, `${where}: entry ${i + 1}`, cap));
  if (new Set(rows.map((row: unknown[]) => row.length)).size > 1) {
    throw new UserError(`${where}: expected all entries of 3 numbers or all of 5, got both`);
  }
  const batches = distinct(entries.map(({ batchLo, batchHi }) => [batchLo, batchHi]));
  const contexts = distinct(entries.map(({ contextLo, contextHi }) => [contextLo, contextHi]));
  if (batches[0]![0] !== 1)
    throw new UserError(`${where}: starts at batch size ${batches[0]![0]}, expected 1`);
  for (const [i, [lo]] of batches.entries()) {
    if (i > 0 && lo <= batches[i - 1]![1]) {
      throw new UserError(`${where}: batch size ${lo} is in two ranges, expected ranges that do not overlap`);
    }
  }
  for (const [i, [lo]] of contexts.entries()) {
    const next = i === 0 ? 1 : contexts[i - 1]![1] + 1;
    if (lo !== next)
      throw new UserError(
        `${where}: a range of contexts starts at ${lo}, expected ${next}: they leave no gap`,
      );
  }
  const cells = new Set(entries.map(({ batchLo, contextLo }) => `${batchLo} ${contextLo}`));
  if (cells.size !== entries.length || cells.size !== batches.length * contexts.length) {
    throw new UserError(
      `${where}: got ${entries.length} entries, expected one for each of ${batches.length} ranges of batch sizes and ${contexts.length} of contexts`,
    );
  }
  return filled(entries, batches, contexts.at(-1)![1], where).sort(
    (a, b) => a.batchLo - b.batchLo || a.contextLo - b.contextLo,
  );
}

/** With what a table leaves open: sizes in a gap and above the last range, and contexts above the longest. */
function filled(
  entries: readonly TableEntry[],
  batches: readonly (readonly number[])[],
  longest: number,
  where: string,
): TableEntry[] {
  const contexts =
    longest >= ENDLESS
      ? []
      : entries.flatMap((entry) => {
          const open = `${where} ends at a context of ${longest} tokens: above, its last k is taken, as in vLLM`;
          return entry.contextHi === longest
            ? { ...entry, contextLo: longest + 1, contextHi: ENDLESS, open }
            : [];
        });
  const known = [...entries, ...contexts];
  const sizes = batches.flatMap(([lo, hi], i) => {
    const next = batches[i + 1]?.[0];
    if (hi! >= ENDLESS || next === hi! + 1) return [];
    const open =
      next === undefined
        ? `${where} ends at batch ${hi}: above, its last k is taken, as in vLLM`
        : `${where} says nothing of batch ${hi! + 1} to ${next - 1}: the k of ${hi} is taken, as in vLLM`;
    const range = { batchLo: hi! + 1, batchHi: (next ?? ENDLESS) - 1 };
    return known.filter(({ batchLo }) => batchLo === lo).map((entry) => ({ ...entry, ...range, open }));
  });
  return [...known, ...sizes];
}

function parseEntry(row: unknown, where: string, cap: number): TableEntry {
  const whole =
    Array.isArray(row) &&
    (row.length === 3 || row.length === 5) &&
    row.every((value, i) => Number.isInteger(value) && value >= (i === row.length - 1 ? 0 : 1));
  if (!whole) {
    throw new UserError(
      `${where}: got ${shown(row)}, expected [batch from, batch to, k] or [batch from, batch to, context from, context to, k]`,
    );
  }
  const numbers = row as number[];
  const k = Math.min(numbers.at(-1)!, cap);
  const [batchLo, batchHi] = numbers as [number, number];
  const [contextLo, contextHi] = numbers.length === 5 ? [numbers[2]!, numbers[3]!] : [1, ENDLESS];
  if (batchLo > batchHi || contextLo > contextHi) {
    throw new UserError(`${where}: got ${shown(row)}, expected ranges that start before they end`);
  }
  return { batchLo, batchHi, contextLo, contextHi, k };
}

function distinct(ranges: readonly (readonly number[])[]): [number, number][] {
  const byText = new Map(ranges.map((range) => [range.join(), range as [number, number]]));
  return [...byText.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

export class Table implements Policy {
  readonly #entries: readonly TableEntry[];
  readonly #maxK: number;
  readonly #remark: (what: string) => void;
  readonly #remarked = new Set<TableEntry>();
  #k = 0;

  /**
   * @param entries by batch size, then context, as `parseTable` gives them
   * @param remark is told once of what the table leaves open and a step asks for
   */
  constructor(entries: readonly TableEntry[], maxK: number, remark: (what: string) => void = () => {}) {
    this.#entries = entries;
    this.#maxK = maxK;
    this.#remark = remark;
  }

  stepBegins(sequences: number, contextTokens: number): void {
    const context = contextTokens / sequences;
    let chosen = this.#entries[0]!;
    for (const entry of this.#entries) {
      if (entry.batchLo > sequences) break;
      // The first range of contexts of a new range of batch sizes, then as many as have begun.
      if (entry.contextLo === 1 || entry.contextLo <= context) chosen = entry;
    }
    this.#k = Math.min(chosen.k, this.#maxK);
    if (chosen.open !== undefined && !this.#remarked.has(chosen)) {
      this.#remarked.add(chosen);
      this.#remark(`policy ${chosen.open}`);
    }
  }

  get stepLength(): number {
    return this.#k;
  }

  choose(): number {
    return this.#k;
  }

  see(): void {}
}
