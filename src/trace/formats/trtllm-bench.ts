/**
 * What trtllm-bench reports of speculation, as JSON or as printed: percentiles over requests, of which the averages are
 * read. It counts the prefill as one iteration that drafts as many as the others, which is taken out again.
 */

import { UserError } from '../../errors.ts';
import { meanLengthOf } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { checkTotals, isObject, NO_RATES, nameOf, numberAt, objectAt, provenanceOf } from './fields.ts';
import type { LineFormat } from './format.ts';
import { jsonRates, neededAfter } from './rates-format.ts';

const SOURCE = 'trtllm-bench';
const ENGINE = 'tensorrt-llm';

/** Averages over requests. */
interface Averages {
  readonly requests: number;
  readonly output: number;
  readonly drafted: number;
  readonly accepted: number;
}

function ratesOf({ requests, output, drafted, accepted }: Averages, label: string, at: string): Rates {
  const iterations = output - accepted;
  const k = drafted / iterations;
  const rounds = Math.round(requests * (iterations - 1));
  if (!(iterations > 1) || Math.abs(k - Math.round(k)) > 0.02 * k)
    throw new UserError(
      `${at}: ${drafted} draft tokens a request, ${accepted} accepted, ${output} output tokens: expected a whole number of drafts in each of its iterations`,
    );
  const acceptedTokens = Math.round(requests * accepted);
  return {
    ...NO_RATES,
    label,
    k: Math.round(k),
    rounds,
    draftedTokens: Math.round(k) * rounds,
    acceptedTokens,
    meanLength: meanLengthOf(acceptedTokens, rounds),
    roundsWithoutProposal: 0,
  };
}

export const trtllmBench = jsonRates({
  name: 'trtllm-bench',
  title: 'trtllm-bench report',
  source: SOURCE,
  engine: ENGINE,
  recognises: ({ decoding_stats: stats }) => isObject(stats) && 'num_draft_tokens_percentiles' in stats,
  reading: () => (item, at, label) => {
    const stats = objectAt(item.decoding_stats, 'decoding_stats', at);
    if (stats.num_draft_tokens_percentiles === null) return null;
    const info = objectAt(item.request_info, 'request_info', at);
    const average = (field: string) =>
      numberAt(
        objectAt(stats[field], `decoding_stats.${field}`, at).average,
        `decoding_stats.${field}.average`,
        at,
      );
    const averages = {
      requests: numberAt(info.num_requests, 'request_info.num_requests', at, 1),
      output: numberAt(info.avg_output_length, 'request_info.avg_output_length', at, 1),
      drafted: average('num_draft_tokens_percentiles'),
      accepted: average('num_accepted_draft_tokens_percentiles'),
    };
    return ratesOf(averages, `run ${label}`, at);
  },
});

const LINES = {
  'Number of requests:': 'requests',
  'Average Output Length (tokens):': 'output',
  '[DT] AVERAGE': 'drafted',
  '[ADT] AVERAGE': 'accepted',
} as const;

export const trtllmBenchSummary: LineFormat = {
  name: 'trtllm-bench-summary',
  title: 'printed report of trtllm-bench',
  items: 'lines',
  recognises: (line) => line.includes('[ADT] AVERAGE') || line.includes('= DECODING STATISTICS'),
  open(where) {
    const rates: Rates[] = [];
    let run: Partial<Record<keyof Averages, number>> = {};
    return {
      add(line, at) {
        const start = (Object.keys(LINES) as (keyof typeof LINES)[]).find((one) => line.includes(one));
        if (start === undefined) return;
        run[LINES[start]] = neededAfter(line.slice(line.indexOf(start)), ':', at);
        if (LINES[start] !== 'accepted') return;
        const missing = Object.entries(LINES).find(([, field]) => run[field] === undefined);
        if (missing !== undefined)
          throw new UserError(`${at}: ${missing[0]} is missing before it, expected the whole report`);
        rates.push(checkTotals(ratesOf(run as Averages, `run ${rates.length + 1}`, at), at));
        run = {};
      },
      finish() {
        if (rates.length === 0)
          throw new UserError(`${where}: no [ADT] AVERAGE, expected a report with decoding statistics`);
        return {
          kind: 'rates',
          name: nameOf(where),
          provenance: provenanceOf(where, SOURCE, { engine: ENGINE }),
          rates,
        };
      },
    };
  },
};
