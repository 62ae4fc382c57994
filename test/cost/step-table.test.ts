/** Measured steps as prices: read in every form, met where they were measured, corrected by the roofline elsewhere. */
import { describe, expect, it } from 'vitest';
import { parseStepTable } from '../../src/cost/step-table.ts';
import { TableCost } from '../../src/cost/table-cost.ts';
import { type CostModel, noSeconds, StepWork, totalSeconds, Verified } from '../../src/cost/work.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';

/** A ms a sequence, 0.1 a drafted pass and 1e-3 a token of context, half of it verification. */
const roofline: CostModel = {
  name: 'by hand',
  priceStep({ verify, drafts }, cost) {
    Object.assign(cost, noSeconds());
    const all = verify.sequences * 1e-3 + drafts.reduce((sum, one) => sum + 1e-4 * one.longest, 0);
    cost.verifyS = all / 2 + 1e-6 * (verify.contextTokens - (verify.tokens - verify.sequences));
    cost.overheadS = all / 2;
  },
  pricePrefill(_, cost) {
    Object.assign(cost, noSeconds());
    cost.prefillS = 7;
  },
};

/** A step of so many sequences that each draft and verify alike. */
function step(sequences: number, drafted: number, context: number): StepWork {
  const work = new StepWork(1, 8);
  const verified = new Verified();
  verified.chain(drafted);
  work.addRounds(sequences, sequences * context, verified);
  if (drafted > 0) work.drafts[0]!.add(sequences, drafted, context, 1);
  return work;
}

const CSV = [
  'batch,drafted,context,ms',
  ...[1, 16].flatMap((b) => [0, 4].map((d) => `${b},${d},500,${10 * b + d}`)),
];
const table = (text = CSV.join('\n'), beyond = false) =>
  new TableCost(parseStepTable(text, 't'), roofline, beyond, 't');
const priced = (cost: CostModel, work: StepWork) => {
  const seconds = noSeconds();
  cost.priceStep(work, seconds);
  return seconds;
};
const ms = (cost: CostModel, work: StepWork) => 1000 * totalSeconds(priced(cost, work));

describe('prices', () => {
  it('are what was measured where it was, divided as the roofline divides them', () => {
    for (const [batch, drafted, took] of [
      [1, 0, 10],
      [16, 0, 160],
      [1, 4, 14],
      [16, 4, 164],
    ] as const) {
      expect(ms(table(), step(batch, drafted, 500))).toBeCloseTo(took, 9);
    }
    const { verifyS, overheadS } = priced(table(), step(16, 0, 500));
    expect(verifyS / overheadS).toBeCloseTo((8e-3 + 16 * 500e-6) / 8e-3, 9);
  });

  it('lie between by the logarithm of the size and by drafts; another context by the roofline', () => {
    // Half way from 1 to 16 by the logarithm is 4.
    expect(ms(table(), step(4, 0, 500))).toBeCloseTo(85, 9);
    expect(ms(table(), step(1, 2, 500))).toBeCloseTo(12, 9);
    // The roofline has 1 + 0.5 ms at 500 tokens and 1 + 1 at 1,000, so that a table of one context is a third above.
    const one = new TableCost(
      parseStepTable('batch,drafted,context,ms\n1,0,500,10\n', 't'),
      roofline,
      true,
      't',
    );
    expect(ms(one, step(1, 0, 1000))).toBeCloseTo((10 * 2) / 1.5, 9);
  });

  it('of steps without drafts alone take the ratio of the roofline', () => {
    const plain = table('batch,drafted,ms\n1,0,10\n16,0,160\n');
    // 1.5 ms without drafts and 1.9 with four.
    expect(ms(plain, step(1, 4, 500))).toBeCloseTo((10 * 1.9) / 1.5, 9);
  });

  it.each([
    [step(32, 0, 500), /steps of 32 sequences, expected 1 to 16 as it was measured; --beyond-table/],
    [step(1, 6, 500), /steps with 6 drafts a sequence, expected 0 to 4/],
    [step(1, 0, 900), /a context of 900 tokens, expected 500 as it was measured/],
  ])('are refused outside of the table, unless told', (work, message) => {
    expect(() => ms(table(), work)).toThrow(message);
    expect(ms(table(undefined, true), work)).toBeGreaterThan(10);
  });

  it('of prompts are those of the roofline', () => {
    const cost = noSeconds();
    table().pricePrefill(step(1, 0, 1).verify, cost);
    expect(cost.prefillS).toBe(7);
  });
});

describe('files', () => {
  it('of profilers are read', () => {
    const lab = parseStepTable('batch_size,num_draft_tokens,step_seconds\n1,1,0.01\n8,5,0.018\n', 't');
    expect(lab).toEqual({
      by: 'sequences',
      rows: [
        { size: 1, drafted: 0, context: null, seconds: 0.01 },
        { size: 8, drafted: 4, context: null, seconds: 0.018 },
      ],
    });
    const vllm = parseStepTable('{"batch_stats": {"1": {"0": 10, "3": 12.5}}}', 't');
    expect(vllm.rows.map(({ seconds }) => seconds)).toEqual([0.01, 0.0125]);
    const sglang = parseStepTable(
      '{"sample_batch_tokens": [8, 16], "sample_steps_per_sec": [100, 50], "max_batch_tokens": 16}',
      't',
    );
    expect(sglang.by).toBe('tokens');
    expect(ms(new TableCost(sglang, roofline, false, 't'), step(2, 3, 500))).toBeCloseTo(10, 9);
    expect(parseStepTable('tokens,ms\n8,10\n16,20\n', 't')).toEqual(sglang);
  });

  it('by tokens tell steps apart by what they draft, and take the ratio for drafts where none has any', () => {
    const both = table('tokens,drafted,ms\n2,0,7\n8,0,9\n8,3,11\n32,3,14\n');
    expect(ms(both, step(8, 0, 500))).toBeCloseTo(9, 9);
    expect(ms(both, step(2, 3, 500))).toBeCloseTo(11, 9);
    const plain = table('tokens,drafted,ms\n2,0,7\n8,0,9\n');
    expect(ms(plain, step(2, 3, 500))).toBeCloseTo(
      (7 * ms(roofline, step(2, 3, 500))) / ms(roofline, step(2, 0, 500)),
      9,
    );
  });

  it.each([
    [
      'batch,ms\n1,2\n',
      /columns batch, ms, expected batch, drafted \(0 of plain steps\), ms and maybe context; or tokens, ms/,
    ],
    ['batch,drafted,ms\n1,0,x\n', /line 2, column ms: got "x", expected a number/],
    ['batch,drafted,ms\n1,0,-1\n', /sequences 1, drafted 0, context null, -1 ms; expected/],
    ['batch,drafted,ms\n1,0,2\n1,0,3\n', /sequences 1 with 0 drafts stands twice/],
    ['batch,drafted,ms\n', /no rows/],
    ['{"a": 1}', /expected sample_batch_tokens/],
    ['{', /not valid JSON/],
    ['[{"batch": 1, "ms": 7}]', /expected sample_batch_tokens/],
  ])('%j is refused', (text, message) => {
    expect(() => parseStepTable(text, 't')).toThrow(message);
  });
});

describe('a scenario', () => {
  const FILE = 'test/fixtures/step-table.csv';
  const inputsOf = (options: Options) =>
    gatherInputs(completeScenario({ requests: 6, promptLen: 400, outputLen: 60, ...options }), folderLibrary);

  it('has the price of the table, and a hash of its contents, not of its name', async () => {
    const inputs = await inputsOf({ method: ['none'], cost: `table:${FILE}`, batch: [16] });
    const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
    const { step_ms } = bench.plainMeasures({ method: inputs.methods[0]!, k: null }, 16);
    // 7 ms, 0.02 a sequence, and 1e-5 for each of 16 x 430 tokens.
    expect(Object.values(step_ms!).reduce((a, b) => a + b, 0)).toBeCloseTo(7.32 + 16 * 430e-5, 1);
    const again = await inputsOf({ method: ['none'], cost: `table:./${FILE}`, batch: [16] });
    expect(again.configHash).toBe(inputs.configHash);
  });

  it('prices settings one after the other as each alone', async () => {
    const options = {
      method: ['none', 'eagle3', 'hybrid:ngram+eagle3'],
      k: [1, 4],
      cost: `table:${FILE}` as const,
    };
    const measures = async (only: (m: string, k: number) => boolean) => {
      const inputs = await inputsOf({ ...options, batch: [16] });
      const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
      return inputs.methods
        .slice(1)
        .flatMap((method) => options.k.map((k) => ({ method, k })))
        .filter(({ method, k }) => only(method.name, k))
        .map((setting) => bench.measures(setting, 16).throughput_tok_per_s);
    };
    const together = await measures(() => true);
    const alone = await Promise.all(
      options.method
        .slice(1)
        .flatMap((name) => options.k.map((k) => measures((m, own) => m === name && own === k))),
    );
    expect(together).toEqual(alone.flat());
    expect(together.every(Number.isFinite)).toBe(true);
  });

  it.each<[Options, RegExp]>([
    [{ cost: 'table:nowhere.csv' }, /step table "nowhere.csv": no such file/],
    [{ beyondTable: true }, /--beyond-table has no effect with --cost roofline/],
    [
      { cost: `table:${FILE}`, tree: ['3x4x21'], method: ['eagle3'] },
      /--tree has no effect with --cost table/,
    ],
  ])('%j is refused', async (options, message) => {
    await expect(inputsOf(options)).rejects.toThrow(message);
  });
});
