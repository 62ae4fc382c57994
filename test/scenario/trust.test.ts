/** What is doubted of a setting beside its constants: nothing on the calibrated spot, a class for each distance from it. */
import { expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { Setups } from '../../src/scenario/setup.ts';
import { doubtsOf } from '../../src/scenario/trust.ts';

async function doubts(options: Options): Promise<Record<string, number>> {
  const inputs = await gatherInputs(completeScenario({ requests: 2, k: [3], ...options }), folderLibrary);
  const method = inputs.methods[0]!;
  const setup = new Setups(inputs, inputs.traces[0]!, new Set()).of({ method, k: 3 }, 1);
  return Object.fromEntries(doubtsOf(inputs, setup).map(({ path, error }) => [path, error]));
}

it('a process fitted to a recording on the calibrated spot adds no doubt, plain decoding never', async () => {
  expect(await doubts({ method: ['eagle3'] })).toEqual({});
  expect(await doubts({ method: ['none'], target: 'qwen3-30b-a3b', tp: 2 })).toEqual({});
});

it('quantiles, stated rates, experts, formats and GPUs beyond the range each add theirs', async () => {
  expect(await doubts({ method: ['eagle'] })).toEqual({ 'acceptance.eagle': 0.05 });
  expect(await doubts({ method: ['ngram'], target: 'llama-3-70b', tp: 4 })).toEqual({
    'trust.tp': 0.03,
    'acceptance.ngram': 0.08,
  });
  expect(
    await doubts({
      method: ['eagle3'],
      target: 'qwen3-30b-a3b',
      dtype: 'fp8',
      acceptance: { eagle3: '2.5@3' },
    }),
  ).toEqual({ 'trust.experts': 0.08, 'trust.format': 0.04, 'acceptance.eagle3': 0.02 });
});

it('an interval is wider where the acceptance is only fitted to quantiles', async () => {
  const inputs = await gatherInputs(
    completeScenario({ method: ['eagle', 'eagle3'], requests: 40, k: [3], batch: [1], trace: ['gsm8k'] }),
    folderLibrary,
  );
  const [eagle, eagle3] = runScenario(inputs).rows.map((row) => row.speedup_hi! / row.speedup_lo!);
  expect(Math.log(eagle!)).toBeGreaterThan(Math.log(eagle3!) + 0.1);
});
