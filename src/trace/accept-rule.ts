/**
 * Rules by which a target keeps drafts that it would not have chosen itself. Of a draft x: p(x) is the target's
 * probability of it, p1 that of its likeliest token, H the entropy of its distribution.
 *
 * | rule | keeps x if |
 * |---|---|
 * | `sample:T` | a sample at temperature T is x: with chance p(x) |
 * | `relaxed:N,DELTA` | x is among the N likeliest, and p(x) >= p1 - DELTA (TensorRT-LLM) |
 * | `typical:EPS,DELTA` | p(x) > min(EPS, DELTA e^-H); the first of a round as greedily (Medusa, arXiv 2401.10774) |
 * | `consultant:EPS,BETA` | r = BETA r + (1 - BETA)(-ln p(x)), from 0 in each round, is at most EPS (arXiv 2506.02391) |
 *
 * Where nobody recorded these, a rule is mapped: the drafts that it keeps more, or fewer, are those that were published
 * of it at one setting.
 */
import { UserError } from '../errors.ts';

export const RULES = ['sample', 'relaxed', 'typical', 'consultant'] as const;

export interface AcceptRule {
  readonly kind: (typeof RULES)[number];
  /** In the order of the name. */
  readonly numbers: readonly number[];
  readonly written: string;
}

/** What the target thought of a draft. */
export interface Score {
  readonly probability: number;
  readonly likeliest: number;
  /** 1 is the likeliest; infinite beyond those that were looked at. */
  readonly rank: number;
  readonly entropy: number;
}

/** Published effects: `keeps` times as many drafts of rounds of `k`, or a chance to lose each right one. */
interface Published {
  /** The setting it was published at; of `sample` the temperature. */
  readonly at: readonly number[];
  readonly keeps?: { readonly times: number; readonly k: number };
  readonly loses?: number;
  readonly source: string;
}

export const PUBLISHED: Readonly<Record<AcceptRule['kind'], Published>> = {
  // 1 + a + ... + a^g = sigma (g + 1) gives a chance a of each draft: at T = 1 it is 0.84 to 0.94 times that at T = 0.
  sample: {
    at: [1],
    loses: 0.115,
    source: 'six pairs of Qwen2-57B-A14B with Qwen2-0.5B, arXiv 2505.19645 table 1',
  },
  relaxed: {
    at: [10, 0.6],
    keeps: { times: 1.15, k: 3 },
    source: 'one pair of DeepSeek-R1 with MTP, TensorRT-LLM tech blog 2: 8 % more tokens a second',
  },
  typical: {
    at: [0.09, 0.3],
    keeps: { times: 1.18, k: 5 },
    source: 'some 10 % more tokens a round of Medusa, a note',
  },
  consultant: {
    at: [2, 0.2],
    keeps: { times: 1.39, k: 20 },
    source: 'call rates of Qwen2.5-72B with 0.5B, arXiv 2506.02391: 1.32, 1.34 and 1.50 times as many',
  },
};

const FORMS = {
  sample: { form: 'sample:T, T from 0 to 2', count: 1, most: [2] },
  relaxed: { form: 'relaxed:N,DELTA, N from 1 to 255 and DELTA from 0 to 1', count: 2, most: [255, 1] },
  typical: { form: 'typical:EPS,DELTA, both from 0 to 1', count: 2, most: [1, 1] },
  consultant: {
    form: 'consultant:EPS,BETA, EPS from 0 to 100 and BETA from 0 to 1',
    count: 2,
    most: [100, 1],
  },
} as const;

/** Null for `greedy`. Throws a UserError for anything that is no rule. */
export function parseAcceptRule(written: string): AcceptRule | null {
  if (written === 'greedy') return null;
  const [, name, rest = ''] = /^(\w+):(.*)$/.exec(written) ?? [];
  const kind = RULES.find((one) => one === name);
  if (kind === undefined) {
    throw new UserError(
      `--accept: got ${JSON.stringify(written)}, expected greedy, ${RULES.map((one) => FORMS[one].form.split(', ')[0]!).join(', ')}, such as relaxed:10,0.6`,
    );
  }
  const { form, count, most } = FORMS[kind];
  const numbers = rest.split(',').map((one) => (one.trim() === '' ? Number.NaN : Number(one)));
  const wrong = numbers.some((one, i) => !(one >= 0 && one <= (most[i] ?? 0)));
  if (numbers.length !== count || wrong || (kind === 'relaxed' && !(numbers[0]! >= 1))) {
    throw new UserError(`--accept: got ${JSON.stringify(written)}, expected ${form}`);
  }
  return { kind, numbers, written };
}

/**
 * Whether drafts of a round are kept, one after the other.
 *
 * @param coin uniform, of the token
 */
export class Judge {
  readonly #rule: AcceptRule;
  #ratio = 0;
  #drafts = 0;

  constructor(rule: AcceptRule) {
    this.#rule = rule;
  }

  begin(): void {
    this.#ratio = 0;
    this.#drafts = 0;
  }

  keeps({ probability, likeliest, rank, entropy }: Score, coin: number): boolean {
    const [a, b] = this.#rule.numbers as [number, number];
    const first = this.#drafts++ === 0;
    switch (this.#rule.kind) {
      case 'sample':
        return coin < probability;
      case 'relaxed':
        return rank === 1 || (rank <= a && probability >= likeliest - b);
      case 'typical':
        return rank === 1 || (!first && probability > Math.min(a, b * Math.exp(-entropy)));
      case 'consultant':
        this.#ratio = b * this.#ratio + (1 - b) * -Math.log(probability);
        return this.#ratio <= a;
    }
  }
}
