/**
 * vLLM's `/metrics`, under any prefix (`vllm:`, Ray's `ray_vllm_`): counters since the start of the server, those of
 * engines and replicas summed by model. With two scrapes the first is subtracted. Per position they are marginal; the
 * bonus token is not counted. Rounds that drafted are counted; how many did not follows from the generated tokens, where
 * they are there. V0 has no count of rounds: k tells it. TensorRT-LLM has vLLM's counters and no count of rounds either,
 * under names of its own: rounds are the tokens behind first ones less those accepted, whether they drafted or not.
 */
import { UserError } from '../../errors.ts';
import { MAX_K, meanLengthOf, meanLengthOfMarginal } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { checkTotals, marginalAt, NO_RATES, nameOf, provenanceOf } from './fields.ts';
import type { LineFormat } from './format.ts';
import { counted, isOf, sampleIn } from './prometheus.ts';
import { withoutProposal } from './rates-format.ts';

const SPECULATION = 'spec_decode_num_';

const draftLength = (where: string) =>
  `the draft length: specsim trace import ${where} --k K --out FILE.jsonl`;

/** The series of a sample, or of a comment on one. */
const NAME = /^(?:# (?:HELP|TYPE) )?([a-zA-Z_:][\w:]*)/;

/** Whose counters they are. */
interface Dialect {
  readonly name: string;
  readonly title: string;
  readonly engine: string;
  readonly source: string;
  /** Whether a series is the engine's, by its name. */
  readonly owns: (name: string) => boolean;
  readonly roundsOf: (
    counters: Counters,
    asked: Asked,
  ) => Pick<Rates, 'k' | 'roundsWithoutProposal'> & { readonly rounds: number; readonly accepted: number };
}

interface Asked {
  /** The draft length that the user states. */
  readonly k: number | null;
  readonly model: string;
  readonly where: string;
}

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

function scrapeOf(dialect: Dialect): LineFormat {
  const { name, title, engine, source } = dialect;
  return {
    name,
    title,
    items: 'lines',
    recognises: (line) => isOf(line, SPECULATION) && dialect.owns(NAME.exec(line)![1]!),
    open(where, { k }) {
      const models = new Map<string, Counters>();
      return {
        add(line, at) {
          const series = seriesOf(line, dialect);
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
            counters.drafted === undefined
              ? []
              : [checkTotals(ratesOf(dialect, counters, { k, model, where }), where)],
          );
          if (rates.length === 0)
            throw new UserError(`${where}: no ${SPECULATION}* counters of ${engine}: is speculation on?`);
          return {
            kind: 'rates',
            name: nameOf(where),
            provenance: provenanceOf(where, source, {
              engine,
              target: rates.length === 1 ? rates[0]!.label : 'several',
            }),
            rates,
          };
        },
      };
    },
  };
}

/** The counter that a line is a sample of, if it is one that is read. */
function seriesOf(line: string, { owns }: Dialect): keyof typeof COUNTERS | typeof PER_POSITION | null {
  const name = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0].replace(/_total$/, '');
  if (name === undefined || !owns(name)) return null;
  if (name.endsWith(PER_POSITION)) return PER_POSITION;
  return (Object.keys(COUNTERS) as (keyof typeof COUNTERS)[]).find((end) => name.endsWith(end)) ?? null;
}

function ratesOf({ roundsOf }: Dialect, counters: Counters, asked: Asked): Rates {
  const { model, where } = asked;
  const { drafted = 0 } = counters;
  const { rounds, accepted, k, roundsWithoutProposal } = roundsOf(counters, asked);
  if (rounds === 0 && (accepted > 0 || drafted > 0))
    throw new UserError(
      `${where}: ${drafted} draft tokens of ${model} in 0 drafts, expected both or neither`,
    );
  const perPosition = positionsOf(counters);
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
    k,
    rounds,
    draftedTokens: drafted,
    acceptedTokens: accepted,
    meanLength: rounds === 0 ? null : mean,
    marginal,
    roundsWithoutProposal,
  };
}

const positionsOf = ({ perPosition }: Counters): number[] => Array.from(perPosition, (count) => count ?? 0);

/** Tokens that rounds emitted, since each request's first is of its prefill; null where counters do not say. */
function behindFirsts({ generated, firsts }: Counters): number | null {
  return generated === undefined || firsts === undefined || firsts === 0 ? null : generated - firsts;
}

export const vllmPrometheus = scrapeOf({
  name: 'vllm-prometheus',
  title: 'vLLM Prometheus scrape',
  engine: 'vllm',
  source: 'vLLM Prometheus counters',
  owns: (name) => !name.includes('trtllm') && !name.includes('sglang'),
  roundsOf(counters, { k, model, where }) {
    const { drafted = 0, drafts, emitted } = counters;
    if (drafts === undefined && (k === null || emitted === undefined)) {
      throw new UserError(
        emitted === undefined
          ? `${where}: ${model} has no counter ${SPECULATION}drafts`
          : `${where}: the counters of vLLM V0 do not say how many rounds there were, expected ${draftLength(where)}`,
      );
    }
    const rounds = drafts ?? Math.round(drafted / k!);
    // What V0 calls accepted are also tokens behind a rejected draft.
    const accepted = drafts === undefined ? Math.max(emitted! - rounds, 0) : (counters.accepted ?? 0);
    const behind = behindFirsts(counters);
    return {
      rounds,
      accepted,
      k: positionsOf(counters).length || null,
      roundsWithoutProposal: behind === null ? null : withoutProposal(behind, rounds, accepted),
    };
  },
});

export const trtllmPrometheus = scrapeOf({
  name: 'trtllm-prometheus',
  title: 'TensorRT-LLM Prometheus scrape',
  engine: 'tensorrt-llm',
  source: 'TensorRT-LLM Prometheus counters',
  owns: (name) => name.includes('trtllm'),
  roundsOf(counters, { k, where }) {
    const { drafted = 0, accepted = 0 } = counters;
    const behind = behindFirsts(counters);
    const all = behind === null ? null : Math.max(behind - accepted, 0);
    if (k === null && all === null)
      throw new UserError(
        `${where}: the counters do not say how many rounds there were, expected trtllm_generation_tokens_total and trtllm_time_to_first_token_seconds_count beside them, or ${draftLength(where)}`,
      );
    const rounds = k === null ? all! : Math.round(drafted / k);
    return { rounds, accepted, k, roundsWithoutProposal: all === null ? null : Math.max(all - rounds, 0) };
  },
});

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
