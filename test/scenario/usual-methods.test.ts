/** Methods that nobody named are ones that the target can run. */
import { expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';

const models = (await folderLibrary.names('model')).filter(
  (name) => !/^(diffusion|dream|fast-dllm|llada|sdar)/.test(name),
);
const heads = await folderLibrary.names('head');

it.each(models)('%s', async (target) => {
  const scenario = completeScenario({ target, tp: 8, requests: 2, batch: [1] });
  const fate = await gatherInputs(scenario, folderLibrary).then(
    () => 'runs',
    (error) => {
      if (error instanceof UserError) return error.message;
      throw error;
    },
  );
  // Others may not fit in memory, or not divide by eight.
  expect(fate).not.toMatch(/method|trace/);
  expect(scenario.method.includes('eagle3')).toBe(heads.includes(`eagle3-${target}`));
});

it.each([
  ['dream-7b', 'diffusion:dual-cache'],
  ['sdar-8b', 'diffusion:block'],
])('%s writes by diffusion, and asks how sure it is', async (target, method) => {
  const scenario = completeScenario({ target, requests: 2, batch: [1] });
  expect(scenario.method).toEqual([method]);
  await expect(gatherInputs(scenario, folderLibrary)).rejects.toThrow('--unmask missing');
  await gatherInputs({ ...scenario, unmask: '2.8' }, folderLibrary);
});

it('a file of a model asks for look-up alone', () => {
  expect(completeScenario({ target: 'mine/config.json' }).method).toEqual(['none', 'ngram']);
  expect(completeScenario({}).method).toEqual(['none', 'ngram', 'eagle3']);
});
