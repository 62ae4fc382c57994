import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { replayError } from '../../scripts/process-fit/fit-error.ts';
import { readRecording } from '../../scripts/process-fit/recording.ts';
import { simulatedErrors } from '../../scripts/process-fit/simulated-error.ts';
import { inverseNormal } from '../../src/random/inverse-normal.ts';
import { type AcceptanceProcess, parseProcess, QUANTILES, sampleProcess } from '../../src/trace/process.ts';
import { tokensPerRound } from '../../src/trace/statistics.ts';
import { describeWithRecordings } from '../recordings.ts';

const FOLDER = fileURLToPath(new URL('../../traces/llama-3.1-8b', import.meta.url));

/**
 * Tokens per round at k = 1, 3, 5, 20 that others computed from the same recordings (SpecDecode-Bench/simulator
 * at 2fdccbd, Llama-3.1-8B on one H100). They count requests that ran into the output limit, which repeat
 * themselves for thousands of tokens and which the processes leave out: hence the wide band of two data sets.
 */
const PUBLISHED = {
  cnn: { band: 0.02, eagle3: [1.6745, 2.3306, 2.5806, 2.7577], ngram: [1.2052, 1.3343, 1.3783, 1.4259] },
  gsm8k: { band: 0.02, eagle3: [1.6972, 2.3937, 2.6696, 2.8037], ngram: [1.1102, 1.1651, 1.1782, 1.1884] },
  instructcoder: {
    band: 0.25,
    eagle3: [1.6817, 2.3515, 2.63, 2.8334],
    ngram: [1.5116, 2.0356, 2.2999, 2.7803],
  },
  sharegpt: { band: 0.12, eagle3: [1.6608, 2.2548, 2.4794, 2.6399], ngram: [1.236, 1.3956, 1.4516, 1.5293] },
};
const PUBLISHED_K = [1, 3, 5, 20];

type Dataset = keyof typeof PUBLISHED;
const DATASETS = Object.keys(PUBLISHED) as Dataset[];

function json(dataset: Dataset): AcceptanceProcess {
  return JSON.parse(readFileSync(join(FOLDER, `${dataset}.json`), 'utf8'));
}

function load(dataset: Dataset): AcceptanceProcess {
  return parseProcess(json(dataset), `${dataset}.json`);
}

describe.each(DATASETS)('process of %s', (dataset) => {
  const process = load(dataset);
  const trace = sampleProcess(process, { requests: 1000, seed: 42 });

  test('replays within a band of the published tokens per round', () => {
    const { band } = PUBLISHED[dataset];
    for (const method of ['eagle3', 'ngram'] as const) {
      PUBLISHED_K.forEach((k, i) => {
        const published = PUBLISHED[dataset][method][i]!;
        const ratio = tokensPerRound(trace.drafters.get(method)!, k) / published;
        expect(Math.abs(ratio - 1), `${method} at k = ${k}: ratio ${ratio.toFixed(4)}`).toBeLessThan(band);
      });
    }
  });

  test('emits and proposes what a round can', () => {
    const { emitted, proposed, offsets, maxK } = trace.drafters.get('ngram')!;
    const head = trace.drafters.get('eagle3')!;
    expect(head.proposed).toBe('always');
    expect(head.offsets).toEqual(offsets);
    const bad: string[] = [];
    for (let r = 0; r < 1000; r++) {
      const end = offsets[r + 1]!;
      if (end - offsets[r]! !== trace.outputTokens[r]) bad.push(`length of request ${r}`);
      if (emitted[offsets[r]!] !== 1 || head.emitted[offsets[r]!] !== 1) bad.push(`prefill of request ${r}`);
      for (let i = offsets[r]! + 1; i < end; i++) {
        const most = Math.min(maxK, end - i) + 1;
        const drafts = (proposed as Uint8Array)[i]!;
        if (emitted[i]! < 1 || emitted[i]! > most) bad.push(`n-gram emits ${emitted[i]} at ${i}`);
        if (head.emitted[i]! < 1 || head.emitted[i]! > most)
          bad.push(`eagle3 emits ${head.emitted[i]} at ${i}`);
        if (drafts < emitted[i]! - 1 || drafts > maxK) bad.push(`n-gram proposes ${drafts} at ${i}`);
      }
    }
    expect(bad).toEqual([]);
  });

  test('has the lengths of the quantile tables', () => {
    for (const [lengths, table] of [
      [trace.outputTokens, process.outputTokens],
      [trace.promptTokens, process.promptTokens],
    ] as const) {
      const count = (fits: (tokens: number) => boolean) => lengths.filter(fits).length;
      QUANTILES.forEach((share, i) => {
        // One request per stratum, and lengths are rounded: one request and half a token of slack.
        expect(count((tokens) => tokens < table[i]! - 0.5)).toBeLessThanOrEqual(1000 * share + 1);
        expect(count((tokens) => tokens <= table[i]! + 0.5)).toBeGreaterThanOrEqual(1000 * share - 1);
      });
    }
  });

  test('states a fit error within the bars', () => {
    const { ngram, eagle3, combined } = process.fitError!;
    for (const [error, mean, worst] of [
      [ngram, 0.8, 2],
      [eagle3, 0.8, 2],
      [combined, 1.5, 3],
    ] as const) {
      expect(error.tokensPerRoundMeanPercent).toBeLessThan(mean);
      expect(error.tokensPerRoundWorstPercent).toBeLessThan(worst);
      expect(error.speedupMeanPercent).toBeLessThan(mean);
      expect(error.speedupWorstPercent).toBeLessThan(worst);
    }
    expect(ngram.spreadPercent).toBeLessThan(12);
    expect(eagle3.spreadPercent).toBeLessThan(12);
    expect(ngram.driftMeanPercent).toBeLessThan(6);
    expect(eagle3.driftMeanPercent).toBeLessThan(3);
    expect(ngram.withoutProposalPercent).toBeLessThan(10);
  });
});

test('the same seed gives the same bytes, another seed others', () => {
  const process = load('gsm8k');
  const first = sampleProcess(process, { requests: 50, seed: 7 });
  expect(sampleProcess(process, { requests: 50, seed: 7 })).toEqual(first);
  const other = sampleProcess(process, { requests: 50, seed: 8 });
  expect(other.outputTokens).not.toEqual(first.outputTokens);
  for (const method of ['ngram', 'eagle3']) {
    expect(other.drafters.get(method)!.emitted).not.toEqual(first.drafters.get(method)!.emitted);
  }
});

test('the inverse of the normal distribution agrees with its table', () => {
  expect(inverseNormal(0.5)).toBe(0);
  expect(inverseNormal(0.975)).toBeCloseTo(1.959963985, 7);
  expect(inverseNormal(0.01)).toBeCloseTo(-2.326347874, 7);
  expect(inverseNormal(0)).toBeGreaterThan(-7);
});

function at(process: Record<string, unknown>, ...path: string[]): Record<string, unknown> {
  return path.reduce((part, key) => part[key] as Record<string, unknown>, process);
}

describe('a wrong process is a one-line error', () => {
  const wrong: [string, (process: Record<string, unknown>) => void, RegExp][] = [
    ['unknown form', (p) => Object.assign(p, { process: 'coin flips' }), /^x\.json: process: .*"coin flips"/],
    ['a missing part', (p) => delete p.ngram, /^x\.json: ngram: missing, expected object$/],
    [
      'a missing number',
      (p) => delete at(p, 'ngram', 'run').alpha,
      /^x\.json: ngram\.run\.alpha: missing, expected number$/,
    ],
    [
      'a misspelt key',
      (p) => Object.assign(at(p, 'eagle3', 'local'), { correlatoin: 0.5 }),
      /^x\.json: eagle3\.local: unknown key "correlatoin": nearest is correlation/,
    ],
    [
      'a wrong type',
      (p) => Object.assign(at(p, 'copula'), { outputCopy: '0.5' }),
      /^x\.json: copula\.outputCopy: got "0\.5", expected number$/,
    ],
    [
      'a wrong element',
      (p) => (p.promptTokens as unknown[]).splice(3, 1, null),
      /^x\.json: promptTokens\[3\]: got null, expected number$/,
    ],
    [
      'a short table',
      (p) => (p.promptTokens as unknown[]).pop(),
      /^x\.json: promptTokens: got \[.*\], expected .*17 elements$/,
    ],
    ['a list', (p) => Object.assign(p, { ngram: [] }), /^x\.json: ngram: got \[\], expected object$/],
    ['an unknown key', (p) => Object.assign(p, { colour: 1 }), /^x\.json: unknown key "colour" \(known: /],
    [
      'a table that decreases',
      (p) => (p.outputTokens as number[]).reverse(),
      /^x\.json: outputTokens: must not decrease/,
    ],
    [
      'impossible correlations',
      (p) => Object.assign(p.copula as object, { outputCopy: 0.9, outputEase: 0.9, copyEase: -0.9 }),
      /^x\.json: copula: .*positive definite/,
    ],
  ];
  test.each(wrong)('%s', (_, spoil, message) => {
    const process = json('gsm8k') as unknown as Record<string, unknown>;
    spoil(process);
    expect(() => parseProcess(process, 'x.json')).toThrow(message);
    try {
      parseProcess(process, 'x.json');
    } catch (error) {
      expect((error as Error).message).not.toContain('\n');
    }
  });

  test('no requests', () => {
    expect(() => sampleProcess(load('gsm8k'), { requests: 0, seed: 1 })).toThrow('requests: got 0');
  });
});

describeWithRecordings('processes against their recordings', (dir) => {
  test.each(['gsm8k', 'instructcoder'] as const)('%s is as far off as its file says', (dataset) => {
    const process = load(dataset);
    const got = replayError(process, readRecording(join(dir, `combined_${dataset}.jsonl`)));
    for (const method of ['ngram', 'eagle3', 'combined'] as const) {
      for (const [name, value] of Object.entries(got[method])) {
        if (typeof value !== 'number') continue;
        const said = (process.fitError![method] as Record<string, unknown>)[name];
        expect(said, `${method} ${name}`).toBeCloseTo(value, 1);
      }
    }
  });

  test('the program has the same speedups on both', async () => {
    const recording = join(dir, 'combined_gsm8k.jsonl');
    const got = await simulatedErrors(join(FOLDER, 'gsm8k.json'), recording, () => {}, [1001]);
    for (const method of ['ngram', 'eagle3', 'combined'] as const) {
      // One of the twelve samples that the file is about.
      const { speedupMeanPercent } = load('gsm8k').fitError![method];
      expect(got[method].speedupMeanPercent).toBeLessThan(speedupMeanPercent + 0.3);
    }
  });
});
