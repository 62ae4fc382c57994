/**
 * Prints docs/validation.md: predicted against measured, for Llama-3.1-8B on an H100.
 *
 *   npx tsx scripts/validate.ts [FOLDER OF RECORDINGS] > docs/validation.md
 */
import { coverageOf, errorOf, type Point, validation } from './validation/h100-llama.ts';

const recordings = process.argv[2] ?? null;
const { engine, predict } = await validation(recordings);
const points = predict(engine);

const SETS = [
  { set: 'speedup', title: 'Speedups', unit: '%', digits: 3, bar: 'mean 2.0 %, worst 5 %' },
  { set: 'time share', title: 'Time shares, CNN/DailyMail', unit: 'points', digits: 1, bar: 'none yet' },
  {
    set: 'step time',
    title: 'Plain step, context 512, ms',
    unit: '%',
    digits: 2,
    bar: '6.7 to 7.5 ms at batch 1',
  },
] as const;

const lines = [
  '# Validation: Llama-3.1-8B on one H100, vLLM 0.10.1',
  '',
  `Written by \`npx tsx scripts/validate.ts\` on ${recordings === null ? 'the fitted processes that ship' : 'the four SpecDecode-Bench recordings'}. Figures and their`,
  'sources: test/validation/h100-sxm/llama-3.1-8b. Efficiencies of the GPU come from kernel tables and were not',
  'fitted to any of this; the nine times of the engine profile were fitted to these very points',
  '(scripts/fit-engine.ts), so the errors are in-sample: they say that one set of plausible constants explains',
  'all points, not how well the next GPU is predicted.',
  '',
  '| set | points | mean error | worst | bar |',
  '|---|---:|---:|---:|---|',
];
for (const { set, title, unit, bar } of SETS) {
  const { mean, worst } = errorOf(points, set);
  const count = points.filter((point) => point.set === set).length;
  lines.push(`| ${title} | ${count} | ${mean.toFixed(2)} ${unit} | ${worst.toFixed(2)} ${unit} | ${bar} |`);
}
const { inside, of, halfWidth } = coverageOf(points);
lines.push(
  '',
  `${inside} of ${of} measured speedups lie in the 95 % interval of their prediction, whose mean half-width is ${(100 * halfWidth).toFixed(1)} %.`,
  '',
  "The authors' own simulator misses the speedups by 6 % on average and 21.5 % at worst. Shares at batch 512 are",
  'left out: that batch no longer fits in KV memory together.',
);
for (const { set, title, unit, digits } of SETS) {
  const batches = [...new Set(points.filter((point) => point.set === set).map((point) => point.batchSize))];
  lines.push('', `## ${title}`, '', 'Measured, predicted, error.', '');
  lines.push(`| setting | ${batches.map((batch) => `batch ${batch}`).join(' | ')} |`);
  lines.push(`|---|${batches.map(() => '---:|').join('')}`);
  const settings = new Set(points.filter((point) => point.set === set).map((point) => point.setting));
  for (const setting of settings) {
    const cells = batches.map((batch) => {
      const point = points.find((p) => p.set === set && p.setting === setting && p.batchSize === batch);
      return point === undefined ? '' : cell(point, digits, unit);
    });
    lines.push(`| ${setting} | ${cells.join(' | ')} |`);
  }
}
process.stdout.write(`${lines.join('\n')}\n`);

function cell({ measured, predicted, error }: Point, digits: number, unit: string): string {
  const sign = error >= 0 ? '+' : '';
  const suffix = unit === '%' ? ' %' : '';
  return `${measured.toFixed(digits)} ${predicted.toFixed(digits)} ${sign}${error.toFixed(1)}${suffix}`;
}
