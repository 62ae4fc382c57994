/** Every acceptance format: what is read from a sample, what is told by its contents, and what hostile files do. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { canonicalJsonl } from '../../../src/trace/formats/canonical-jsonl.ts';
import { NOTHING_STATED, type Stated } from '../../../src/trace/formats/format.ts';
import { scrapesSubtracted } from '../../../src/trace/formats/vllm-prometheus.ts';
import { inspectRecord } from '../../../src/trace/inspect.ts';
import { formatNames, parseRecord } from '../../../src/trace/read.ts';
import {
  type AcceptanceRecord,
  DRAFTING,
  type Rates,
  type RatesRecord,
  type RoundsRecord,
} from '../../../src/trace/record.ts';
import { StepCollector } from '../../../src/trace/steps.ts';
import { provenanceOf, SAMPLES, scrape } from '../../acceptance-samples.ts';

const read = (name: string): AcceptanceRecord => parseRecord(SAMPLES[name]!, 'f');
const ratesOf = (record: AcceptanceRecord): readonly Rates[] => (record as RatesRecord).rates;

it('has a sample of every format', () => expect(Object.keys(SAMPLES)).toEqual([...formatNames]));

describe('the same run in every format', () => {
  it.each([
    'vllm-prometheus',
    'vllm-log',
    'vllm-bench',
    'bench-summary',
    'vllm-offline',
    'speculators-csv',
    'speculation-profile',
    'llamacpp-log',
  ])('%s: 2.5 tokens a round, shares 0.8, 0.5, 0.2', (name) => {
    const [rates] = ratesOf(read(name));
    expect(rates!.meanLength).toBeCloseTo(2.5, 12);
    for (const [i, share] of [0.8, 0.5, 0.2].entries()) expect(rates!.marginal![i]).toBeCloseTo(share, 12);
    expect(rates!.acceptedTokens).toBe(15);
  });

  it.each(['sglang-generate', 'specdec-bench'])('%s: rounds that accept 0, 2 and 3', (name) => {
    const [rates] = ratesOf(read(name));
    expect(rates).toMatchObject({ rounds: 3, acceptedTokens: 5 });
    expect(rates!.meanLength).toBeCloseTo(8 / 3, 12);
    for (const [i, share] of [2 / 3, 2 / 3, 1 / 3].entries())
      expect(rates!.marginal![i]).toBeCloseTo(share, 12);
  });

  it.each(['vllm-detailed', 'aiperf', 'specsim-jsonl'])('%s: rounds with the bonus token counted', (name) => {
    const [steps] = (read(name) as RoundsRecord).drafters;
    expect([...steps!.emitted]).toEqual([4, 1, 3]);
    expect([...steps!.proposed!]).toEqual([3, 3, 3]);
    expect(steps).toMatchObject({ maxK: 3, drafting: 'chain' });
    expect([...steps!.outputTokens]).toEqual([9]);
  });
});

describe('what single formats say', () => {
  it('trtllm-prometheus counts no rounds: tokens behind first ones, less those accepted, are', () => {
    // 25 tokens of rounds, 15 of them drafts: 10 rounds. The gauge is of the last step alone.
    expect(ratesOf(read('trtllm-prometheus'))[0]).toMatchObject({
      ...{ label: 'm', k: null, rounds: 10, draftedTokens: 30, acceptedTokens: 15, meanLength: 2.5 },
      roundsWithoutProposal: 0,
    });
    const text = SAMPLES['trtllm-prometheus']!;
    const stated = (k: number | null, of = text) => parseRecord(of, 'f', { ...NOTHING_STATED, k });
    // Six drafts a round that drafted: 5 rounds, and 5 without a proposal.
    expect(ratesOf(stated(6))[0]).toMatchObject({ k: 6, rounds: 5, roundsWithoutProposal: 5, meanLength: 4 });
    const bare = text.replace(/^trtllm_generation.*$/m, '');
    expect(ratesOf(stated(3, bare))[0]).toMatchObject({ rounds: 10, roundsWithoutProposal: null });
    expect(() => stated(null, bare)).toThrow('specsim trace import f --k K');
  });

  it('frontier keeps rounds without a proposal', () => {
    const text = SAMPLES.frontier!;
    const [steps] = (parseRecord(text, 'f') as RoundsRecord).drafters;
    expect([...steps!.proposed!]).toEqual([3, 0, 3]);
    expect(inspectRecord(parseRecord(text, 'f')).drafters[0]!.share_without_proposal).toBeCloseTo(1 / 3, 12);
    expect([...(parseRecord('[4, 1, 3]', 'f') as RoundsRecord).drafters[0]!.emitted]).toEqual([4, 1, 3]);
  });

  it('answers are split into turns, whose first token is the prefill', () => {
    const [steps] = (read('answers') as RoundsRecord).drafters;
    expect(steps).toMatchObject({ ids: ['81/0', '81/1'], method: 'vicuna-sps', drafting: 'chain' });
    expect([...steps!.outputTokens]).toEqual([7, 3]);
  });

  it('eagle answers have means alone: idxs is the index of the last step', () => {
    const text = '{"question_id":1,"choices":[{"idxs":[2],"new_tokens":[9]}]}';
    expect(ratesOf(parseRecord(text, 'f'))[0]).toMatchObject({ rounds: 3, meanLength: 3 });
  });

  it('extracts: drafts_accepted does not count the bonus token, and each column is a method', () => {
    const text = '{"id":0,"turn":0,"drafts_accepted":[4,0],"drafts_accepted_plain":[3,1]}';
    const { drafters } = parseRecord(text, 'f') as RoundsRecord;
    expect(drafters.map(({ method, emitted }) => [method, ...emitted])).toEqual([
      ['unknown', 5, 1],
      ['plain', 4, 2],
    ]);
  });

  it('trtllm iterations: requests that drafted nothing are kept apart', () => {
    const [rates] = ratesOf(read('trtllm-iterations'));
    expect(rates).toMatchObject({ k: 3, rounds: 4, meanLength: 2.5, roundsWithoutProposal: 5 });
  });

  it('llama.cpp: of 16 tokens one is of the prefill and 9 were drafted, so 6 rounds', () => {
    expect(ratesOf(read('llamacpp'))[0]).toMatchObject({ rounds: 6, meanLength: 2.5 });
  });

  it('inferencex: a part for every model, mode and k', () => {
    const record = read('inferencex') as RatesRecord;
    expect(record.rates.map(({ label, k, meanLength }) => [label, k, meanLength])).toEqual([
      ['m thinking_on k=1', 1, 1.78],
      ['m thinking_on k=3', 3, 2.83],
      ['m thinking_off k=1', 1, 1.84],
    ]);
    expect(record.provenance.draft).toBe('org/draft');
  });

  it('vllm without detailed metrics has a histogram', () => {
    const item = JSON.parse(SAMPLES['vllm-detailed']!);
    delete item.metrics.speculative_decoding.per_step_accepted;
    const [rates] = ratesOf(parseRecord(JSON.stringify(item), 'f'));
    expect(rates!.marginal).toEqual([2 / 3, 2 / 3, 1 / 3]);
  });
});

describe('two scrapes', () => {
  const of = (n: number) => ratesOf(parseRecord(scrape(n), 'f'));
  it('are subtracted', () => {
    expect(scrapesSubtracted(of(2), of(5), 'f')[0]).toMatchObject({
      rounds: 30,
      acceptedTokens: 45,
      meanLength: 2.5,
    });
  });
  it('of a server that restarted are refused', () => {
    expect(() => scrapesSubtracted(of(5), of(2), 'f')).toThrow('the server restarted');
  });
});

describe('what is stated of a file', () => {
  const stated = (of: Partial<Stated>): Stated => ({ ...NOTHING_STATED, ...of });
  const imported = (name: string, of: Partial<Stated>) => parseRecord(SAMPLES[name]!, 'f', stated(of));

  it('names a method, k and where it is from', () => {
    const log = imported('sglang-log', {
      method: 'eagle3',
      k: 3,
      licence: 'MIT',
      target: 'm',
    }) as RatesRecord;
    expect(log.provenance).toMatchObject({ licence: 'MIT', target: 'm' });
    expect(log.rates[0]).toMatchObject({ method: 'eagle3', k: 3, meanLength: 2.5 });
    const answers = imported('answers', { method: 'draft-model', k: 5, drafting: 'block' }) as RoundsRecord;
    expect(answers.drafters[0]).toMatchObject({ method: 'draft-model', maxK: 5, drafting: 'block' });
    const own = imported('specsim-csv', { method: 'eagle', engine: 'mine' });
    expect(own).toMatchObject({ trace: { provenance: { engine: 'mine', source: 's' } } });
    expect(own.kind === 'position-indexed' && [...own.trace.drafters.keys()]).toEqual(['eagle']);
  });

  it.each<[string, Partial<Stated>, string]>([
    [
      'specdecode-bench',
      { method: 'x' },
      '--method x: the file names several methods itself (ngram, eagle3)',
    ],
    ['specdecode-bench', { k: 3 }, '--k 3: the file says 20'],
    ['vllm-detailed', { k: 5 }, '--k 5: the file says 3'],
    ['answers', { k: 2 }, '--k 2: rounds of vicuna-sps draft up to 3 tokens, expected at least that'],
    ['vllm-bench', { k: 2 }, '--k 2: the file says 3 of run 1'],
    ['vllm-bench', { drafting: 'chain' }, '--drafting chain: no effect on rates acceptance'],
    ['specsim-jsonl', { drafting: 'tree' }, '--drafting tree: the file says that eagle3 drafts a chain'],
  ])('%s: %j is refused', (name, of, message) => {
    expect(() => imported(name, of)).toThrow(`f: ${message}`);
  });
});

describe('canonical files', () => {
  const word = fc.string({ unit: fc.constantFrom(...'a1,"\\\n\r# é{}'), minLength: 1 });
  const common = { name: word, provenance: provenanceOf(word) };
  const writtenAndRead = (record: AcceptanceRecord) => parseRecord([...canonicalJsonl(record)].join(''), 'f');

  it('round trips of rounds are exact', () => {
    const rounds = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(3)), { maxLength: 9 });
    const requests = fc.array(fc.tuple(rounds, fc.nat(99), fc.nat(99)), { minLength: 1, maxLength: 5 });
    const drafters = fc.uniqueArray(fc.tuple(word, requests, fc.constantFrom(...DRAFTING), fc.boolean()), {
      selector: ([method]) => method,
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.record(common), drafters, fc.boolean(), (head, list, prompts) => {
        const record: RoundsRecord = {
          ...head,
          kind: 'step-indexed',
          drafters: list.map(([method, texts, drafting, listed]) => {
            const collector = new StepCollector();
            texts.forEach(([steps, prompt, output], r) => {
              const emitted = steps.map(([tokens]) => tokens);
              const proposed = listed ? steps.map(([tokens, more]) => tokens - 1 + more) : null;
              const promptTokens = prompts ? prompt : null;
              collector.add({ id: `r${r}`, promptTokens, outputTokens: output, emitted, proposed }, 'f');
            });
            return collector.finish(method, drafting, 12);
          }),
        };
        expect(writtenAndRead(record)).toEqual(record);
      }),
    );
  });

  it('round trips of rates are exact', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const part = fc
      .record({
        label: word,
        method: fc.option(word),
        k: fc.option(fc.integer({ min: 9, max: 254 })),
        rounds: fc.option(fc.integer({ min: 0, max: 1e6 })),
        shares: fc.array(share, { minLength: 1, maxLength: 9 }),
        stated: fc.record({ shares: fc.boolean(), mean: fc.boolean(), totals: fc.boolean() }),
        roundsWithoutProposal: fc.option(fc.nat()),
        weight: fc.option(fc.integer({ min: 1, max: 1e6 })),
      })
      .map(({ shares, stated, weight, ...rest }): Rates => {
        const { k, rounds } = rest;
        const marginal = shares.sort((a, b) => b - a);
        const accepted = marginal.reduce((sum, one) => sum + one, 0);
        // So many rounds that whole tokens are as good as the shares.
        const many = rounds === null ? null : 1000 * rounds;
        return {
          ...rest,
          rounds: many,
          marginal: stated.shares ? marginal : null,
          draftedTokens: k === null || many === null ? null : k * many,
          acceptedTokens: stated.totals ? Math.floor(accepted * (many ?? 1000)) : null,
          meanLength: stated.mean ? 1 + accepted : null,
          ...(weight !== null && { weight }),
        };
      });
    fc.assert(
      fc.property(fc.record(common), fc.array(part, { minLength: 1, maxLength: 4 }), (head, rates) => {
        const record: RatesRecord = { ...head, kind: 'rates', rates };
        expect(writtenAndRead(record)).toEqual(record);
      }),
    );
  });

  it.each(Object.keys(SAMPLES))('%s: what is imported reads back the same', (name) => {
    const record = read(name);
    if (record.kind !== 'position-indexed') {
      expect(parseRecord([...canonicalJsonl(record)].join(''), 'f')).toEqual(record);
    }
  });
});

/** Numbers that a format has beside those that are read; whatever stands there says nothing about acceptance. */
const UNREAD: Readonly<Record<string, readonly string[]>> = {
  'sglang-generate': ['completion_tokens'],
  'trtllm-iterations': ['iter'],
  'trtllm-choice': ['avg_decoded_tokens_per_iter'],
  'sglang-bench': ['output_throughput'],
  specforge: ['num_samples'],
  'trtllm-bench': ['acceptance_length_percentiles'],
  llamacpp: ['predicted_ms'],
  answers: ['index'],
  'specdec-bench': ['Conditional_Acceptance_Rate'],
};

describe('every number that is read', () => {
  type Path = readonly (string | number)[];
  const numbers = (value: unknown, path: Path = []): Path[] => {
    if (typeof value === 'number') return [path];
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, one]) =>
      numbers(one, [...path, Array.isArray(value) ? Number(key) : key]),
    );
  };
  const jsonSamples = Object.entries(SAMPLES).filter(([, text]) => /^\s*\{/.test(text));

  it.each(jsonSamples)('%s: anything but a number there is an error with line and field', (name, text) => {
    const whole = text.trim().includes('\n}');
    const items = whole
      ? [JSON.parse(text)]
      : text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line));
    let refused = 0;
    for (const path of numbers(items)) {
      const keys = path.filter((key) => typeof key === 'string');
      if (keys.some((key) => UNREAD[name]?.includes(key))) continue;
      // Names may be any text or integer.
      const isName = ['index', 'question_id'].includes(keys.at(-1)!);
      for (const wrong of ['true', '{}', '1e999', ...(isName ? [] : ['-1', '"x"', '-0.5'])]) {
        const copy = structuredClone(items);
        const holder = path.slice(0, -1).reduce((at: Record<string | number, unknown>, key) => {
          return at[key] as Record<string | number, unknown>;
        }, copy as never);
        holder[path.at(-1)!] = '@@';
        const broken = copy.map((item) => `${JSON.stringify(item).replace('"@@"', wrong)}\n`).join('');
        const read = () => parseRecord(broken, 'f', NOTHING_STATED, name);
        expect(read, `${path.join('.')} is ${wrong}`).toThrow(UserError);
        expect(read).toThrow(new RegExp(`^f, line ${Number(path[0]) + 1}: .*\\b${keys.at(-1)}\\b`));
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(0);
  });

  it.each([
    [
      'vllm-detailed',
      '"mean_acceptance_length":2.6666666666666665',
      '"mean_acceptance_length":1.67',
      'mean_acceptance_length is 1.67, expected 2.6667',
    ],
    [
      'vllm-detailed',
      '"acceptance_histogram":[1,0,1,1]',
      '"acceptance_histogram":[1,1,1,1]',
      'acceptance_histogram has 4 rounds that accept 6, expected 3 that accept 5',
    ],
    [
      'aiperf',
      '"draft_acceptance_rate":0.5555555555555556',
      '"draft_acceptance_rate":0.8',
      'draft_acceptance_rate is 0.8, expected 0.5556',
    ],
    [
      'vllm-bench',
      '"spec_decode_acceptance_length":2.5',
      '"spec_decode_acceptance_length":1.5',
      'spec_decode_acceptance_length is 1.5, expected 2.5',
    ],
    [
      'vllm-bench',
      '"spec_decode_acceptance_rate":50',
      '"spec_decode_acceptance_rate":0.5',
      'expected 0.5 by the totals',
    ],
    [
      'trtllm-choice',
      '"acceptance_histogram":[8,0,6,6]',
      '"acceptance_histogram":[8,0,6,7]',
      'has 21 rounds',
    ],
  ])('%s: %s changed to %s contradicts the rest', (name, from, to, message) => {
    expect(SAMPLES[name]).toContain(from);
    expect(() => parseRecord(SAMPLES[name]!.replace(from, to), 'f')).toThrow(message);
  });
});

describe('hostile files', () => {
  /** Bytes and words that break numbers, lists, texts and encodings. */
  const POISON = [
    '-1',
    'NaN',
    'null',
    '1e999',
    '"x"',
    '[',
    '}',
    '\u0000',
    '\uFFFD',
    '\uFEFF',
    '9'.repeat(400),
    ',,',
    '\n',
    '{}',
    '1.5',
    '::',
  ];
  const mutation = fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.integer({ min: 0, max: 12 }),
    fc.constantFrom('', ...POISON),
  );

  const jsonlOf = (name: string) => [...canonicalJsonl(read(name))].join('');
  const detailed = JSON.parse(SAMPLES['vllm-detailed']!);
  delete detailed.metrics.speculative_decoding.per_step_accepted;
  /** Formats with more than one shape. */
  const VARIANTS: readonly (readonly [string, string, string])[] = [
    ['specsim-jsonl', 'positions', jsonlOf('specsim-csv')],
    ['specsim-jsonl', 'rates', jsonlOf('vllm-bench')],
    ['vllm-detailed', 'summary', JSON.stringify(detailed)],
    [
      'answers',
      'extract',
      '{"id":0,"turn":0,"prompt_tokens":9,"drafts_accepted":[4,0],"drafts_accepted_plain":[3,1]}',
    ],
    ['answers', 'EAGLE', '{"question_id":1,"choices":[{"idxs":[2,4],"new_tokens":[9,7]}]}'],
    ['frontier', 'list', '[4, 1, 3]'],
  ];
  const files = [
    ...Object.entries(SAMPLES).map(([name, text]) => [name, 'sample', text] as const),
    ...VARIANTS,
  ];

  it.each(files)('%s, %s: 2,000 mutated files are read or refused in one line', (name, _, sample) => {
    fc.assert(
      fc.property(mutation, fc.boolean(), fc.boolean(), ([where, length, poison], cut, forced) => {
        const at = Math.floor(where * sample.length);
        const text = cut
          ? sample.slice(0, at) + poison
          : sample.slice(0, at) + poison + sample.slice(at + length);
        let record: AcceptanceRecord;
        try {
          record = parseRecord(text, 'f', NOTHING_STATED, forced ? name : null);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          assert.match(error.message, /^f[:,][^\n]*$/);
          return;
        }
        // A file that is read has figures that can be, whatever it says.
        if (record.kind === 'rates') {
          for (const { marginal, meanLength, rounds } of record.rates) {
            assert(!Number.isNaN((meanLength ?? 0) + (rounds ?? 0)));
            assert((marginal ?? []).every((share) => share >= 0 && share <= 1));
          }
        } else inspectRecord(record);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(formatNames)('%s: nothing, and what is not text, are refused', (name) => {
    for (const text of ['', '\n\n', '\u0000\u0001', '{}', '[]', '[1', 'x'.repeat(1e6), 'null', '{"a":1}\n']) {
      expect(() => parseRecord(text, 'f', NOTHING_STATED, name)).toThrow(UserError);
    }
  });

  it('errors name the line and the field', () => {
    const second = SAMPLES['vllm-detailed']!.replace('"c1"', '"c2"').replace('[3,0,2]', '[3,-1,2]');
    expect(() => parseRecord(SAMPLES['vllm-detailed']! + second, 'f')).toThrow(
      'f, line 2: per_step_accepted[1] is -1, expected an integer 0 to 3',
    );
    expect(() => parseRecord(SAMPLES['vllm-log']!.replace('2.50', 'x'), 'f')).toThrow(
      'f, line 2: mean acceptance length is "x", expected a number from 0 to 1000000000000000',
    );
    expect(() => parseRecord('{}', 'f', NOTHING_STATED, 'nope')).toThrow('unknown format "nope"');
  });
});
