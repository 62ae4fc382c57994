/**
 * Lengths of requests from the histograms of a vLLM or SGLang `/metrics`: as many requests as it counted, up to a
 * thousand, spread evenly over its buckets, with the means that it has. Which prompt had which output it does not say;
 * they are taken as unrelated.
 */
import { UserError } from '../../errors.ts';
import { isOf, sampleIn } from '../../trace/formats/prometheus.ts';
import type { WorkloadRow } from '../workload.ts';
import type { LineWorkload } from './format.ts';
import { ALL_AT_ONCE } from './values.ts';

const PROMPTS = ['request_prompt_tokens', 'prompt_tokens_histogram'];
const OUTPUTS = ['request_generation_tokens', 'generation_tokens_histogram'];
const MOST_REQUESTS = 1000;

/** Cumulative counts by upper bound, replicas and models added up. */
class Histogram {
  readonly #counts = new Map<number, number>();
  #sum = 0;
  #count = 0;

  add(kind: string, bound: number, value: number): void {
    if (kind === 'sum') this.#sum += value;
    else if (kind === 'count') this.#count += value;
    else this.#counts.set(bound, (this.#counts.get(bound) ?? 0) + value);
  }

  get count(): number {
    return this.#count;
  }

  /** `n` whole lengths in ascending order, at even shares of the requests. */
  lengths(n: number): number[] {
    const bounds = [...this.#counts].sort(([a], [b]) => a - b);
    const lengths = Array.from({ length: n }, (_, i) => this.#at(((i + 0.5) / n) * this.#count, bounds));
    const factor = this.#sum / this.#count / (lengths.reduce((sum, length) => sum + length, 0) / n);
    return lengths.map((length) => Math.max(1, Math.round(length * factor)));
  }

  #at(rank: number, bounds: readonly (readonly [number, number])[]): number {
    let [low, before] = [0, 0];
    for (const [bound, count] of bounds) {
      if (count >= rank && Number.isFinite(bound)) {
        return low + (bound - low) * ((rank - before) / Math.max(count - before, 1e-9));
      }
      if (Number.isFinite(bound)) [low, before] = [bound, count];
    }
    // Beyond the last bound nothing is known but that.
    return Math.max(low, 1);
  }
}

export const metricsScrape: LineWorkload = {
  name: 'lengths of a Prometheus scrape',
  items: 'lines',
  notes: [
    ALL_AT_ONCE,
    'requests are made of the histograms of a scrape: prompts and outputs are taken as unrelated',
  ],
  recognises: (line) => [...PROMPTS, ...OUTPUTS].some((name) => isOf(line, `${name}_`)),
  rows(lines, where) {
    const prompts = new Histogram();
    const outputs = new Histogram();
    let number = 0;
    for (const line of lines) {
      number++;
      const found = [...PROMPTS, ...OUTPUTS].find((name) => isOf(line, `${name}_`));
      const sample = found === undefined ? null : sampleIn(line, `${where}, line ${number}`);
      if (found === undefined || sample === null || !(sample.value >= 0)) continue;
      const kind = sample.name.slice(sample.name.indexOf(found) + found.length + 1);
      if (!['bucket', 'sum', 'count'].includes(kind)) continue;
      const le = sample.labels.get('le') ?? '';
      const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
      (PROMPTS.includes(found) ? prompts : outputs).add(kind, bound, sample.value);
    }
    const requests = Math.min(prompts.count, outputs.count);
    if (!(requests >= 1) || !Number.isFinite(requests)) {
      throw new UserError(
        `${where}: no request in the histograms of prompt and generation tokens, expected ${PROMPTS[0]} and ${OUTPUTS[0]} with a count`,
      );
    }
    const n = Math.min(Math.floor(requests), MOST_REQUESTS);
    const [promptTokens, outputTokens] = [prompts.lengths(n), outputs.lengths(n)];
    return Array.from({ length: n }, (_, i): WorkloadRow => {
      // Steps of the golden section meet every rank once, in an order that has nothing to do with the other's.
      const other = Math.floor(((i * 0.6180339887498949) % 1) * n);
      return { atS: 0, promptTokens: promptTokens[i]!, outputTokens: outputTokens[other]! };
    });
  },
};
