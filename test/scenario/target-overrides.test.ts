/** What-if values of the target's experts: what they change, and what they are refused for. */
import { expect, it } from 'vitest';
import { FIELDS, scaled } from '../../src/cost/fields.ts';
import { expertsOf } from '../../src/model/architecture.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { withTargetSet } from '../../src/scenario/target-overrides.ts';
import { modelCard } from '../shipped-models.ts';

const mixtral = modelCard('mixtral-8x7b');

it('are put into the card, absolute or as a factor of what is assumed', () => {
  const { target, overrides } = withTargetSet(mixtral, {
    'target.experts.share': '2x',
    'target.experts.perToken': '4',
    'hardware.memoryBandwidth': '2x',
  });
  expect(expertsOf(target)).toMatchObject({ share: 0.5, perToken: 4 });
  expect(overrides).toEqual([
    {
      path: 'target.experts.share',
      written: '2x',
      changed: [{ path: 'target.experts.share', unit: null, before: 0.25, after: 0.5 }],
    },
    {
      path: 'target.experts.perToken',
      written: '4',
      changed: [{ path: 'target.experts.perToken', unit: null, before: 2, after: 4 }],
    },
  ]);
});

it.each([
  ['target.experts.perToken', '9', 'got 9, expected a whole number from 1 to 8'],
  ['target.experts.share', 'half', 'got "half", expected a share from 0 to 1'],
  ['target.experts.skew', '-1', 'got -1, expected an exponent from 0 to 3'],
])('%s=%s: %s', (path, written, message) => {
  expect(() => withTargetSet(mixtral, { [path]: written })).toThrow(message);
});

it('a dense target has none', () => {
  expect(() => withTargetSet(modelCard('llama-3.1-8b'), { 'target.experts.share': '0' })).toThrow(
    'has no effect: llama-3.1-8b has no experts',
  );
});

it('move a verification and no plain step, as the field of that path does', async () => {
  const seconds = async (routing: Record<string, string>, batch = 4) => {
    const inputs = await gatherInputs(
      completeScenario({
        target: 'qwen3-30b-a3b',
        method: ['none', 'eagle3'],
        k: [3],
        batch: [batch],
        requests: 2,
        set: Object.fromEntries(
          Object.entries(routing).map(([key, value]) => [`target.experts.${key}`, value]),
        ),
      }),
      folderLibrary,
    );
    const rows = runScenario(inputs).rows;
    return rows.map(({ step_ms: step }) => step!.verify);
  };
  const [plain, verify] = await seconds({ share: '0' });
  const [samePlain, shared] = await seconds({ share: '0.5' });
  expect(samePlain).toBe(plain);
  expect(shared!).toBeLessThan(verify!);
  // Four copies that are routed alike load the experts of one.
  const alike = await seconds({ alike: '1' });
  expect(alike[0]!).toBeLessThan(plain!);
  const [alone] = await seconds({ alike: '1' }, 1);
  expect(alike[0]! / alone! - 1).toBeLessThan(0.02);
  const inputs = await gatherInputs(
    completeScenario({ target: 'qwen3-30b-a3b', method: ['none'], requests: 2 }),
    folderLibrary,
  );
  const field = FIELDS.find(({ path }) => path === 'target.experts.share')!;
  expect(scaled(field, inputs, 2).routing).toMatchObject({ share: 0.5 });
});
