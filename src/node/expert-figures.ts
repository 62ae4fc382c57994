/**
 * Sets of `specsim validate` of speculation on a mixture of experts: steps with drafts over plain ones. Figures in
 * validation/breadth.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readSheet } from '../cost/calibration/sheet.ts';
import { noSeconds, StepWork, totalSeconds, Verified } from '../cost/work.ts';
import { gatherInputs } from '../scenario/inputs.ts';
import { completeScenario, type Options } from '../scenario/options.ts';
import { Setups } from '../scenario/setup.ts';
import { type EnginePoint, enginePoint } from './engine-figures.ts';
import { folderLibrary } from './folder-library.ts';

const FOLDER = fileURLToPath(new URL('../../validation/breadth/', import.meta.url));

const OPTIONS: Options = {
  gpu: 'a800-sxm-80',
  tp: 2,
  target: 'qwen2-57b-a14b',
  draft: `${FOLDER}qwen2-0.5b.json`,
  method: ['none', 'draft-model'],
  k: [4],
  acceptance: { 'draft-model': '0.8' },
  trace: ['llama-3.1-8b/gsm8k'],
  requests: 1,
};
const BATCHES = [1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 80, 100, 128];
/** Tokens of a prompt and half an output. */
const CONTEXT = 350;
/** Host times that are tried, seconds. */
const HOST_TIMES = Array.from({ length: 151 }, (_, i) => i * 1e-4);

/**
 * Each at its own best batch, as published. vLLM V0 prepares every draft pass, the verification and the rejection in
 * Python, one after another: k + 2 times a host time beside the engine's of 0.10, one constant, fitted to HumanEval alone.
 */
export async function moeSteps(use: 'calibrate' | 'validate'): Promise<EnginePoint[]> {
  const stepS = await stepPrices();
  const sheet = readSheet(readFileSync(`${FOLDER}moe-step-ratios.csv`, 'utf8'), 'moe-step-ratios.csv');
  const figures = [...sheet.rows()].map((row) => ({
    name: `${row.text('dataset')}, temperature ${row.cell('temperature')}`,
    k: row.whole('k'),
    measured: row.positive('step_ratio'),
    fitted: row.text('use') === 'calibrate',
  }));
  const lengths = [...new Set(figures.map(({ k }) => k))];
  const seconds = new Map([0, ...lengths].map((k) => [k, BATCHES.map((batch) => stepS(batch, k))]));
  const ratio = (k: number, hostS: number) =>
    Math.min(...seconds.get(k)!.map((s, b) => (s + (k + 2) * hostS) / seconds.get(0)![b]!));
  const loss = (hostS: number) =>
    figures
      .filter(({ fitted }) => fitted)
      .reduce((sum, { k, measured }) => sum + Math.log(ratio(k, hostS) / measured) ** 2, 0);
  const hostS = HOST_TIMES.reduce((best, one) => (loss(one) < loss(best) ? one : best));
  const own = figures.filter(({ fitted }) => fitted === (use === 'calibrate'));
  // The mean over all of them has rows that were fitted in it.
  const over = use === 'calibrate' ? figures : own;
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
  const further = (of: (k: number) => number) => (of(most) - of(least)) / (most - least);
  const mean = (k: number) => {
    const ofLength = over.filter((figure) => figure.k === k);
    return ofLength.reduce((sum, { measured }) => sum + measured, 0) / ofLength.length;
  };
  return [
    ...own.map(({ name, k, measured }) => enginePoint(`${name}, k=${k}`, measured, ratio(k, hostS))),
    enginePoint(
      `a further draft, mean of ${over.length} rows`,
      further(mean),
      further((k) => ratio(k, hostS)),
    ),
  ];
}

/** Seconds of a step of `batch` sequences with `k` drafts each, all of one context. */
async function stepPrices(): Promise<(batch: number, k: number) => number> {
  const inputs = await gatherInputs(completeScenario(OPTIONS), folderLibrary);
  const setups = new Setups(inputs, inputs.traces[0]!, new Set());
  const longest = inputs.scenario.k[0]!;
  const [plain, drafting] = inputs.methods.map((method) =>
    setups.of({ method, k: method.name === 'none' ? null : longest }, null).priceOn(inputs),
  );
  return (batch, k) => {
    const work = new StepWork(k === 0 ? 0 : 1, longest);
    const verified = new Verified();
    verified.chain(k);
    work.addRounds(batch, batch * CONTEXT, verified);
    work.drafts[0]?.add(batch, k, CONTEXT, 2);
    const price = noSeconds();
    (k === 0 ? plain! : drafting!).priceStep(work, price);
    return totalSeconds(price);
  };
}
