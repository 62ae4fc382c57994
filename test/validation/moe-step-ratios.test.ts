/** Step ratios of a mixture of experts (validation/breadth/moe-step-ratios.csv): what has to be met. */
import { expect, it } from 'vitest';
import { moeSteps } from '../../src/node/expert-figures.ts';

it('a verification on a mixture costs what was published', async () => {
  const points = await moeSteps('validate');
  const errors = points.slice(0, 6).map(({ error }) => Math.abs(error));
  expect(points).toHaveLength(7);
  expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThanOrEqual(7);
  expect(Math.max(...errors)).toBeLessThanOrEqual(15);
});

it('a further draft costs 0.195 of a plain step over all rows, to 15 %', async () => {
  const further = (await moeSteps('calibrate')).at(-1)!;
  expect(further.measured).toBeCloseTo(0.195, 3);
  expect(Math.abs(further.error)).toBeLessThanOrEqual(15);
});
