/** Medusa: published accuracies of heads against what its tree was recorded to emit, and what its one pass costs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { noSeconds, PassWork, StepWork, totalSeconds, Verified } from '../../src/cost/work.ts';
import { bestTree } from '../../src/drafter/grow-tree.ts';
import { readTree } from '../../src/drafter/tree-spec.ts';
import type { DraftHead } from '../../src/model/architecture.ts';
import { parseModel } from '../../src/model/parse.ts';
import { headPass } from '../../src/model/shape.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { comparedLengths } from '../../src/questions/comparison.ts';
import { explanationOf } from '../../src/questions/explanation.ts';
import { tuningOf } from '../../src/questions/tuning.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { Setups } from '../../src/scenario/setup.ts';
import { expectedLength } from '../trees.ts';

/** FasterDecoding/Medusa (Apache-2.0), medusa_choices.py: mc_sim_7b_63, ranks from 0. */
const PUBLISHED_PATHS =
  '[[0],[0,0],[1],[0,1],[2],[0,0,0],[1,0],[0,2],[3],[0,3],[4],[0,4],[2,0],[0,5],[0,0,1],[5],[0,6],[6],[0,7],[0,1,0],' +
  '[1,1],[7],[0,8],[0,0,2],[3,0],[0,9],[8],[9],[1,0,0],[0,2,0],[1,2],[0,0,3],[4,0],[2,1],[0,0,4],[0,0,5],[0,0,0,0],' +
  '[0,1,1],[0,0,6],[0,3,0],[5,0],[1,3],[0,0,7],[0,0,8],[0,0,9],[6,0],[0,4,0],[1,4],[7,0],[0,1,2],[2,0,0],[3,1],[2,2],' +
  '[8,0],[0,5,0],[1,5],[1,0,1],[0,2,1],[9,0],[0,6,0],[0,0,0,1],[1,6],[0,7,0]]';

/** The same, assets/medusa_acc.csv, end of training: top-1 to top-5 accuracy by head; tokens a step on MT-bench. */
const PUBLISHED = [
  {
    target: 'Vicuna-7B',
    heads: [
      [0.5604, 0.6717, 0.7271, 0.7599, 0.7799],
      [0.3164, 0.4236, 0.4851, 0.5282, 0.5625],
      [0.201, 0.2879, 0.3475, 0.3834, 0.4169],
      [0.1474, 0.225, 0.2737, 0.3109, 0.3397],
    ],
    recorded: 2.565,
  },
  {
    target: 'Vicuna-13B',
    heads: [
      [0.5939, 0.7053, 0.7578, 0.7925, 0.8161],
      [0.3397, 0.44, 0.5068, 0.5465, 0.5803],
      [0.2161, 0.3085, 0.3612, 0.403, 0.4364],
      [0.15, 0.2317, 0.2878, 0.3234, 0.3541],
    ],
    recorded: 2.639,
  },
  {
    target: 'Vicuna-33B',
    heads: [
      [0.6046, 0.7162, 0.7649, 0.7983, 0.8223],
      [0.3558, 0.469, 0.5287, 0.5692, 0.5961],
      [0.2246, 0.3197, 0.3785, 0.421, 0.4462],
      [0.1596, 0.2488, 0.3073, 0.348, 0.3755],
    ],
    recorded: 2.514,
  },
];

/** Chances of ranks 1 to 10; those that were not published go on by the ratio of the last two. */
function chancesOf(cumulative: readonly number[]): Float64Array {
  const shares = cumulative.map((share, i) => share - (cumulative[i - 1] ?? 0));
  const ratio = shares.at(-1)! / shares.at(-2)!;
  while (shares.length < 10) shares.push(shares.at(-1)! * ratio);
  return Float64Array.from(shares);
}

describe.each(PUBLISHED)('$target', ({ heads, recorded }) => {
  const chances = heads.map(chancesOf);
  const tree = readTree(PUBLISHED_PATHS, 'mc_sim_7b_63');

  it('emits with the published tree what was recorded, within 5 %', () => {
    expect(tree.drafts).toBe(63);
    expect(Math.abs(expectedLength(tree, chances) / recorded - 1)).toBeLessThan(0.05);
  });

  it('has a best tree of 63 drafts that is not below it', () => {
    // A later choice that was measured likelier than an earlier one is taken for no likelier.
    const falling = chances.map((row) => row.map((_, r) => Math.min(...row.subarray(0, r + 1))));
    const best = bestTree(falling, { drafts: 63, depth: 4, width: 10 }).tree;
    expect(expectedLength(best, chances)).toBeGreaterThanOrEqual(expectedLength(tree, chances));
  });
});

const card = {
  kind: 'medusa',
  target: 'llama-3.1-8b',
  heads: 4,
  hidden: 4096,
  vocab: 128256,
  source: 'test',
};
const folder = mkdtempSync(join(tmpdir(), 'specsim-medusa-'));
afterAll(() => rmSync(folder, { recursive: true }));
const draft = join(folder, 'medusa-llama.json');
writeFileSync(draft, JSON.stringify(card));
const choices = join(folder, 'mc_sim_7b_63.json');
writeFileSync(choices, PUBLISHED_PATHS);

describe('heads', () => {
  it('are a square product and an output matrix each, and keep nothing of the context', () => {
    const head = parseModel(card, 'medusa.json');
    if (head.kind === 'transformer') throw new Error(head.kind);
    const shape = headPass(head, { tp: 2 });
    expect(shape.gemms).toMatchObject([{ n: 4096, k: 4096, count: 4 }]);
    expect(shape.lmHead).toMatchObject({ n: 64128, k: 4096, count: 4 });
    expect(shape.weightBytes).toBe(2 * 4 * 4096 * (4096 + 64128));
    expect([shape.kvBytesPerToken, shape.allReduces, shape.reads.length]).toEqual([0, 0, 0]);
    expect(() => parseModel({ ...card, layers: 1 }, 'f.json')).toThrow('f.json');
    expect(() => parseModel({ ...card, heads: 0 }, 'f.json')).toThrow('f.json: heads');
  });
});

it("are read from the authors' files and vLLM's", () => {
  const widths = { hidden_size: 4096, vocab_size: 128256 };
  const own = parseModel({ medusa_num_heads: 4, medusa_num_layers: 1, ...widths }, 'own.json');
  const vllm = { architectures: ['MedusaModel'], model_type: 'medusa', num_heads: 4, num_hidden_layers: 1 };
  const { name, target, source, ...shape } = parseModel({ ...vllm, ...widths }, 'own.json') as DraftHead;
  expect(own).toEqual({ name: 'own', target, source, ...shape });
  expect(shape).toMatchObject({ kind: 'medusa', heads: 4, hidden: 4096, vocab: 128256 });
  expect(() => parseModel({ medusa_num_heads: 4 }, 'own.json')).toThrow('own.json: hidden_size: missing');
  expect(() => parseModel({ medusa_num_heads: 4, medusa_num_layers: 2, ...widths }, 'own.json')).toThrow(
    'own.json: medusa_num_layers',
  );
});

describe('method medusa', () => {
  const options: Options = {
    target: 'llama-3.1-8b',
    method: ['medusa'],
    draft,
    acceptance: { medusa: '0.56:0.3:0.18:0.12' },
    requests: 40,
    batch: [1, 64],
  };
  const run = async (more: Options) =>
    runScenario(await gatherInputs(completeScenario({ ...options, ...more }), folderLibrary));

  it('drafts chains and trees in one pass, with shares of its own', async () => {
    const { rows, warnings } = await run({ k: [4], tree: ['chain', `file:${choices}`, 'best'] });
    const at = (batch: number) => rows.filter(({ batch_size }) => batch_size === batch);
    const [chain, published, best] = at(1);
    expect(published!.verified_per_round).toBe(64);
    expect(published!.tokens_per_round).toBeGreaterThan(chain!.tokens_per_round!);
    expect(best!.speedup).toBeGreaterThan(0.985 * Math.max(chain!.speedup!, published!.speedup!));
    expect(at(64)[1]!.speedup).toBeLessThan(at(64)[0]!.speedup!);
    expect(warnings.some((warning) => warning.includes('0.27, 0.126, 0.081, 0.055 / 0.162'))).toBe(true);
  });

  it('costs the same draft whatever it drafts and however long the context is, and no prefill', async () => {
    const inputs = await gatherInputs(completeScenario({ ...options, k: [1, 4] }), folderLibrary);
    const setups = new Setups(inputs, inputs.traces[0]!, new Set());
    const [method] = inputs.methods;
    const { priceOn } = setups.of({ method: method!, k: 4 }, 1);
    const cost = priceOn(inputs);
    const draftS = (drafted: number, context: number) => {
      const work = new StepWork(1, 4);
      const verified = new Verified();
      verified.chain(drafted);
      work.addRounds(8, 8 * context, verified);
      work.drafts[0]!.add(8, 1, context, 1);
      const price = noSeconds();
      cost.priceStep(work, price);
      return price.draftS;
    };
    expect(draftS(4, 9000)).toBe(draftS(1, 100));
    // Four output matrices of 1 GB and four small products, at 3.35 TB/s at the most.
    expect(draftS(4, 100)).toBeGreaterThan((2 * 4 * 4096 * (4096 + 128256)) / 3.35e12);
    const prompts = new PassWork();
    Object.assign(prompts, {
      sequences: 1,
      tokens: 1000,
      contextTokens: 1000,
      attentionPairs: 500500,
      logitRows: 1,
    });
    const price = noSeconds();
    cost.pricePrefill(prompts, price);
    expect(price.draftS).toBe(0);
    const chunk = new StepWork(1, 4);
    Object.assign(chunk.prefill, prompts);
    cost.priceStep(chunk, price);
    expect(price.draftS).toBe(0);
    expect(totalSeconds(price)).toBeGreaterThan(0);
  });

  it('serves, and goes no deeper than it has heads', async () => {
    const { rows } = await run({ k: [3], batch: [4], load: 'closed', requests: 12 });
    expect(rows[0]!.speedup).toBeGreaterThan(1);
    await expect(run({ k: [5] })).rejects.toThrow(/method medusa: k 5, and the draft has 4 heads/);
    await expect(run({ tree: ['5x1x6'] })).rejects.toThrow(/5x1x6: 5 tokens deep, and medusa has 4 heads/);
  });

  it('has heads for Llama-3.1-8B; another target has to name some', async () => {
    const { rows } = await run({ draft: null as never, k: [3], batch: [1] });
    expect(rows[0]!.draft).toBe('medusa-llama-3.1-8b');
    await expect(run({ draft: null as never, k: [4] })).rejects.toThrow(/k 4, and the draft has 3 heads/);
    const other = { target: 'qwen3-8b', draft: null as never };
    await expect(run(other)).rejects.toThrow(/name one with --draft \(known: medusa-llama-3.1-8b\)/);
  });

  it('foreseen, as a bound and beside look-up, drafts no more than it has heads', async () => {
    const method = ['medusa', 'oracle:medusa', 'best:medusa', 'hybrid:ngram+medusa', 'best:ngram+medusa'];
    const { rows } = await run({ method, k: [4], batch: [1], acceptance: { medusa: '0.9' } });
    const [fixed, oracle, ...others] = rows;
    expect(oracle!.tokens_per_round).toBeCloseTo(fixed!.tokens_per_round!, 1);
    expect(oracle!.drafted_per_round).toBeLessThanOrEqual(4);
    expect(oracle!.speedup).toBeGreaterThan(fixed!.speedup!);
    for (const { speedup } of others) expect(speedup).toBeGreaterThan(1);
    expect(rows.at(-1)!.speedup).toBeGreaterThan(rows[3]!.speedup!);
  });

  it('is tuned, compared and explained up to as many', async () => {
    const inputs = await gatherInputs(completeScenario({ ...options, batch: [1] }), folderLibrary);
    const { rows } = await tuningOf([inputs], 16);
    expect(rows[0]!.k).toBeLessThanOrEqual(4);
    expect(comparedLengths(inputs)).toEqual([1, 2, 3, 4]);
    expect(explanationOf(inputs).rows[0]!.positions).toHaveLength(4);
  });
});
