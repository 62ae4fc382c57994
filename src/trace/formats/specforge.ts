/**
 * The result of SpecForge's bench_eagle3.py: by data set and setting of SGLang, mean lengths over all rounds. A run weighs
 * its rounds, as its throughput and duration have them. Settings without steps are plain decoding; trees are refused.
 */
import { UserError } from '../../errors.ts';
import { MAX_K } from '../conventions.ts';
import type { Rates } from '../record.ts';
import {
  checkTotals,
  countAt,
  isObject,
  type Json,
  listAt,
  NO_RATES,
  nameOf,
  numberAt,
  objectAt,
  optional,
  provenanceOf,
} from './fields.ts';
import type { JsonFormat } from './format.ts';

/** The runs of each data set. */
function runsIn(value: Json): [dataset: string, runs: readonly unknown[]][] {
  return Object.entries(value).filter(
    (entry): entry is [string, unknown[]] =>
      Array.isArray(entry[1]) && entry[1].some((run) => isObject(run) && 'metrics' in run && 'steps' in run),
  );
}

export const specForge: JsonFormat = {
  name: 'specforge',
  title: 'SpecForge benchmark result',
  items: 'json',
  recognises: (value) => isObject(value) && runsIn(value).length > 0,
  open(where) {
    const rates: Rates[] = [];
    const drafts = new Set<string>();
    let leftOut = 0;
    const addRun = (dataset: string, run: Json, field: string, at: string): void => {
      const count = (name: string) =>
        optional(run[name], (n) => countAt(n, `${field}.${name}`, at, 0, 2 ** 20));
      const [steps, topk, tokens] = [count('steps'), count('topk'), count('num_draft_tokens')];
      if (topk !== null && topk > 1) {
        throw new UserError(
          `${at}: ${field}.topk is ${topk}: a tree, which is not read as a chain, expected 1`,
        );
      }
      const k = steps === 0 ? 0 : tokens === null ? steps : tokens - 1;
      listAt(run.metrics, `${field}.metrics`, at).forEach((value, i) => {
        const metrics = objectAt(value, `${field}.metrics[${i}]`, at);
        const number = (name: string) =>
          optional(metrics[name], (n) => numberAt(n, `${field}.metrics[${i}].${name}`, at));
        const meanLength = number('accept_length');
        if (k === 0 || meanLength === null || meanLength < 1) {
          leftOut++;
          return;
        }
        const generated = (number('output_throughput') ?? 0) * (number('latency') ?? 0);
        rates.push(
          checkTotals(
            {
              ...NO_RATES,
              label: `${dataset}, batch ${count('batch_size') ?? 'unknown'}`,
              k: k === null ? null : Math.min(k, MAX_K),
              meanLength,
              roundsWithoutProposal: 0,
              ...(generated > 0 && { weight: generated / meanLength }),
            },
            at,
          ),
        );
      });
    };
    return {
      add(value, at) {
        const item = objectAt(value, 'the value', at);
        if (typeof item.model === 'string') drafts.add(item.model);
        for (const [dataset, runs] of runsIn(item)) {
          runs.forEach((run, i) => {
            addRun(dataset, objectAt(run, `${dataset}[${i}]`, at), `${dataset}[${i}]`, at);
          });
        }
      },
      leftOut: () => leftOut,
      finish() {
        if (rates.length === 0) throw new UserError(`${where}: no run with speculation and an accept_length`);
        const [draft, ...others] = drafts;
        return {
          kind: 'rates',
          name: nameOf(where),
          provenance: provenanceOf(where, 'SpecForge benchmark', {
            engine: 'sglang',
            ...(draft !== undefined && others.length === 0 && { draft }),
          }),
          rates,
        };
      },
    };
  },
};
