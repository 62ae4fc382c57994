/** Published figures of docs/beyond.md: what has to be met, and what is told as it is. */
import { expect, it } from 'vitest';
import { BEYOND_SETS } from '../../src/node/beyond-figures.ts';

const pointsOf = (name: string) => BEYOND_SETS.find(({ set }) => set === name)!.points();
const worst = (points: readonly { readonly error: number }[]) =>
  Math.max(...points.map(({ error }) => Math.abs(error)));

it('consultant decoding over plain speculation is within 8 %', async () => {
  const points = await pointsOf('acceptance-rules');
  expect(points).toHaveLength(3);
  expect(worst(points)).toBeLessThan(8);
});

it('two stages over a slow network are within 15 %', async () => {
  const points = await pointsOf('networks');
  expect(points).toHaveLength(6);
  expect(worst(points)).toBeLessThan(15);
});

it("MagicDec's gains are in order, too high by the kernels that verify", async () => {
  const points = await pointsOf('self-speculation');
  for (const gpu of ['A100', 'H100']) {
    const gains = points.filter(({ setting }) => setting.startsWith(gpu)).map(({ predicted }) => predicted);
    expect(gains.length).toBeGreaterThan(1);
    expect(gains).toEqual(gains.toSorted((a, b) => a - b));
  }
  expect(worst(points)).toBeLessThan(40);
});

it('a cache of a diffusion model is in order, larger on long prompts', async () => {
  const [gsm256, gsm512, code256, code512] = (await pointsOf('diffusion-cache')).map(
    ({ predicted }) => predicted,
  );
  expect([code256!, code512!, gsm256!, gsm512!]).toEqual(
    [code256!, code512!, gsm256!, gsm512!].toSorted((a, b) => a - b),
  );
});

it('time between tokens grows with an fp8 KV cache by half as much, and begins where it did', async () => {
  const points = await pointsOf('kv-formats');
  expect(points).toHaveLength(4);
  expect(worst(points)).toBeLessThan(14);
  expect(
    points.filter(({ setting }) => setting.includes('intercept')).every(({ error }) => Math.abs(error) < 3),
  ).toBe(true);
});
