/**
 * vLLM's `/metrics`, under any prefix (`vllm:`, Ray's `ray_vllm_`): counters since the start of the server, those of
 * engines and replicas summed by model. With two scrapes the first is subtracted. Per position they are marginal; the
 * bonus token is not counted. Rounds that drafted are counted; how many did not follows from the generated tokens, where
 * they are there. V0 has no count of rounds: k tells it.
 */
import { UserError } from '../../errors.ts';
import { MAX_K, meanLengthOf, meanLengthOfMarginal } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { checkTotals, marginalAt, NO_RATES, nameOf, provenanceOf } from './fields.ts';
import type { LineFormat } from './format.ts';
import { counted, isOf, sampleIn } from './prometheus.ts';
import { withoutProposal } from './rates-format.ts';

const SPECULATION = 'spec_decode_num_';
/** The others of these names belong to other engines. */
const FOREIGN = 'trtllm';

/** Series by the end of their names, with or without `_total`, and what they count. */
const COUNTERS = {
  spec_decode_num_drafts: 'drafts',
  spec_decode_num_draft_tokens: 'drafted',
  spec_decode_num_accepted_tokens: 'accepted',
  spec_decode_num_emitted_tokens: 'emitted',
  generation_tokens: 'generated',
  time_to_first_token_seconds_count: 'firsts',
} as const;
const PER_POSITION = 'spec_decode_num_accepted_tokens_per_pos';

type Counters = Partial<Record<(typeof COUNTERS)[keyof typeof COUNTERS], number>> & { perPosition: number[] };

export const vllmPrometheus: LineFormat = {
  name: 'vllm-prometheus',
  title: 'vLLM Prometheus scrape',
  items: 'lines',
  recognises: (line) => isOf(line, SPECULATION) && !isOf(line, FOREIGN),
  open(where, { k }) {
    const models = new Map<string, Counters>();
    return {
      add(line, at) {
        const series = seriesOf(line);
        if (series === null) return;
        const sample = sampleIn(line, at);
        if (sample === null) return;
        const value = counted(sample, at);
        const model = sample.labels.get('model_name') ?? 'unknown';
        const counters = models.get(model) ?? { perPosition: [] };
        models.set(model, counters);
        if (series === PER_POSITION) {
          const position = Number(sample.labels.get('position') ?? Number.NaN);
          if (!(Number.isInteger(position) && position >= 0 && position < MAX_K))
            throw new UserError(`${at}: label position is missing or not a number below ${MAX_K}`);
          counters.perPosition[position] = (counters.perPosition[position] ?? 0) + value;
        } else counters[COUNTERS[series]] = (counters[COUNTERS[series]] ?? 0) + value;
      },
      finish() {
        const rates = [...models].flatMap(([model, counters]) =>
          counters.drafted === undefined ? [] : [checkTotals(ratesOf(model, counters, k, where), where)],
        );
        if (rates.length === 0)
          throw new UserError(`${where}: no vllm:${SPECULATION}* counters: is speculation on?`);
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

/** The counter that a line is a sample of, if it is one that is read. */
function seriesOf(line: string): keyof typeof COUNTERS | typeof PER_POSITION | null {
  const name = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0].replace(/_total$/, '');
  if (name === undefined || name.includes(FOREIGN) || name.includes('sglang')) return null;
  if (name.endsWith(PER_POSITION)) return PER_POSITION;
  return (Object.keys(COUNTERS) as (keyof typeof COUNTERS)[]).find((end) => name.endsWith(end)) ?? null;
}

function ratesOf(model: string, counters: Counters, k: number | null, where: string): Rates {
  const { drafted = 0, generated, firsts, emitted } = counters;
  const isV0 = counters.drafts === undefined;
  if (isV0 && (k === null || emitted === undefined)) {
    throw new UserError(
      emitted === undefined
        ? `${where}: ${model} has no counter ${SPECULATION}drafts`
        : `${where}: the counters of vLLM V0 do not say how many rounds there were, expected the draft length: specsim trace import ${where} --k K --out FILE.jsonl`,
    );
  }
  const rounds = isV0 ? Math.round(drafted / k!) : counters.drafts!;
  // What V0 calls accepted are also tokens behind a rejected draft.
  const accepted = isV0 ? Math.max(emitted! - rounds, 0) : (counters.accepted ?? 0);
  if (rounds === 0 && (accepted > 0 || drafted > 0))
    throw new UserError(
      `${where}: ${drafted} draft tokens of ${model} in 0 drafts, expected both or neither`,
    );
  const perPosition = Array.from(counters.perPosition, (count) => count ?? 0);
  const marginal =
    rounds === 0 || perPosition.length === 0
      ? null
      : marginalAt(
          perPosition.map((count) => count / rounds),
          'accepted per position',
          where,
        );
  const mean = marginal === null ? meanLengthOf(accepted, rounds) : meanLengthOfMarginal(marginal);
  return {
    ...NO_RATES,
    label: model,
    k: perPosition.length || null,
    rounds,
    draftedTokens: drafted,
    acceptedTokens: accepted,
    meanLength: rounds === 0 ? null : mean,
    marginal,
    roundsWithoutProposal:
      generated === undefined || firsts === undefined || firsts === 0
        ? null
        : withoutProposal(generated - firsts, rounds, accepted),
  };
}

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
    const without = after.roundsWithoutProposal;
    return {
      ...after,
      rounds,
      draftedTokens: minus('draftedTokens'),
      acceptedTokens,
      meanLength: rounds === 0 ? null : meanLengthOf(acceptedTokens, rounds),
      marginal,
      roundsWithoutProposal:
        without === null ? null : Math.max(without - (before.roundsWithoutProposal ?? 0), 0),
    };
  });
}
