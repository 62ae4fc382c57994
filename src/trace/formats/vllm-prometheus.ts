/**
 * vLLM's `/metrics`: counters since the start of the server, by engine. With two scrapes the first is subtracted.
 * Per position they are marginal; the bonus token is not counted.
 */
import { UserError } from '../../errors.ts';
import { meanLengthOfMarginal } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { checkTotals, MAX_K, marginalAt, NO_RATES, nameOf, provenanceOf } from './fields.ts';
import type { LineFormat } from './format.ts';

const SERIES = /^vllm:spec_decode_num_(\w+?)(?:_total)?(?:\{(.*)\})?\s+(\S+)(?:\s+\d+)?\s*$/;
const PREFIX = 'vllm:spec_decode_num_';

interface Counters {
  drafts: number;
  draft_tokens: number;
  accepted_tokens: number;
  perPosition: number[];
}

export const vllmPrometheus: LineFormat = {
  name: 'vllm-prometheus',
  title: 'vLLM Prometheus scrape',
  items: 'lines',
  recognises: (line) => line.startsWith(PREFIX) || line.startsWith(`# HELP ${PREFIX}`),
  open(where) {
    const models = new Map<string, Counters>();
    return {
      add(line, at) {
        if (!line.startsWith(PREFIX)) return;
        const [, metric, labels = '', text] = SERIES.exec(line) ?? [];
        if (metric === undefined)
          throw new UserError(`${at}: not a Prometheus sample: ${JSON.stringify(line.slice(0, 60))}`);
        if (metric.endsWith('_created')) return;
        const value = Number(text);
        if (!(value >= 0) || !Number.isFinite(value))
          throw new UserError(`${at}: ${PREFIX}${metric} is ${text}, expected a number of at least 0`);
        const model = /(?:^|,)model_name="([^"]*)"/.exec(labels)?.[1] ?? 'unknown';
        const counters = models.get(model) ?? {
          drafts: 0,
          draft_tokens: 0,
          accepted_tokens: 0,
          perPosition: [],
        };
        models.set(model, counters);
        if (metric === 'drafts' || metric === 'draft_tokens' || metric === 'accepted_tokens')
          counters[metric] += value;
        else if (metric === 'accepted_tokens_per_pos') {
          const position = Number(/(?:^|,)position="(\d+)"/.exec(labels)?.[1] ?? Number.NaN);
          if (!(position < MAX_K))
            throw new UserError(`${at}: label position is missing or not a number below ${MAX_K}`);
          counters.perPosition[position] = (counters.perPosition[position] ?? 0) + value;
        } else throw new UserError(`${at}: unknown counter ${PREFIX}${metric}`);
      },
      finish() {
        if (models.size === 0) throw new UserError(`${where}: no ${PREFIX}* counters: is speculation on?`);
        const rates = [...models].map(([model, counters]): Rates => {
          const { drafts, draft_tokens: drafted, accepted_tokens: accepted } = counters;
          const perPosition = Array.from(counters.perPosition, (count) => count ?? 0);
          if (drafts === 0 && (accepted > 0 || drafted > 0))
            throw new UserError(
              `${where}: ${drafted} draft tokens of ${model} in 0 drafts, expected both or neither`,
            );
          const marginal =
            drafts === 0 || perPosition.length === 0
              ? null
              : marginalAt(
                  perPosition.map((count) => count / drafts),
                  'accepted per position',
                  where,
                );
          return checkTotals(
            {
              ...NO_RATES,
              label: model,
              k: perPosition.length || null,
              rounds: drafts,
              draftedTokens: drafted,
              acceptedTokens: accepted,
              meanLength:
                drafts === 0
                  ? null
                  : marginal === null
                    ? 1 + accepted / drafts
                    : meanLengthOfMarginal(marginal),
              marginal,
            },
            where,
          );
        });
        return {
          kind: 'rates',
          name: nameOf(where),
          provenance: provenanceOf(where, 'vLLM Prometheus counters', {
            engine: 'vllm',
            target: rates.length === 1 ? rates[0]!.label : 'several',
          }),
          rates,
        };
      },
    };
  },
};

/**
 * What happened between two scrapes: later counters minus earlier ones.
 *
 * @throws UserError when a counter went back, since the server was then restarted
 */
export function scrapesSubtracted(
  earlier: readonly Rates[],
  later: readonly Rates[],
  where: string,
): Rates[] {
  return later.map((after) => {
    const before = earlier.find(({ label }) => label === after.label);
    if (before === undefined) return after;
    const minus = (field: 'rounds' | 'draftedTokens' | 'acceptedTokens'): number => {
      const difference = after[field]! - before[field]!;
      if (difference >= 0) return difference;
      throw new UserError(
        `${where}: ${field} of ${after.label} went from ${before[field]} back to ${after[field]}: the server restarted in between, expected two scrapes of one run (earlier first)`,
      );
    };
    const rounds = minus('rounds');
    const marginal =
      after.marginal === null || rounds === 0
        ? null
        : after.marginal.map((share, i) => {
            const count = share * after.rounds! - (before.marginal?.[i] ?? 0) * before.rounds!;
            if (count < -1e-6 * after.rounds!)
              throw new UserError(
                `${where}: accepted tokens at position ${i} of ${after.label} went back: the server restarted in between`,
              );
            return Math.min(Math.max(count, 0) / rounds, 1);
          });
    const acceptedTokens = minus('acceptedTokens');
    return {
      ...after,
      rounds,
      draftedTokens: minus('draftedTokens'),
      acceptedTokens,
      meanLength: rounds === 0 ? null : 1 + acceptedTokens / rounds,
      marginal,
    };
  });
}
