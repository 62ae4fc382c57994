/**
 * How often the 95 % intervals of acceptance by context hold the curve that made-up recordings follow (docs/decide.md). Of a
 * bin the truth is the mean of the curve over its drafts, over that of the bin that it is compared with.
 *
 *   npx tsx scripts/context-coverage.ts [recordings of each: 400]
 */
import { contextDependence } from '../src/trace/context-dependence.ts';
import { judgedAt } from '../src/trace/judged.ts';
import { falling, fallingSteadily, meanOver, texts } from '../test/context-texts.ts';

const CURVES: Readonly<Record<string, (context: number) => number>> = {
  flat: () => 1,
  'in steps': falling,
  'falling all along': fallingSteadily,
};
const PROMPTS = [
  [130, 1800],
  [20, 300],
] as const;
const REQUESTS = [40, 60, 100, 300];
const recordings = Number(process.argv[2] ?? 400);

for (const prompts of PROMPTS) {
  for (const [name, share] of Object.entries(CURVES)) {
    const held = REQUESTS.map((requests) => shareHeld(share, prompts, requests));
    console.log(`| ${[name, `${prompts[0]} to ${prompts[1] - 1}`, ...held].join(' | ')} |`);
  }
}

function shareHeld(
  share: (context: number) => number,
  prompts: readonly [number, number],
  requests: number,
): string {
  let [cases, held] = [0, 0];
  for (let seed = 0; seed < recordings; seed++) {
    const { lengths, promptTokens } = texts(seed, share, prompts, requests);
    const judged = judgedAt(lengths, promptTokens);
    const bins = contextDependence(judged)!.bins;
    const reference = bins.find(({ factor }) => factor?.error === 0);
    if (reference === undefined) continue;
    for (const bin of bins) {
      const { factor } = bin;
      if (factor === null || bin === reference) continue;
      const known = meanOver(judged, share, bin) / meanOver(judged, share, reference);
      cases++;
      if (factor.lo <= known && known <= factor.hi) held++;
    }
  }
  return `${((100 * held) / cases).toFixed(0)}% (${cases})`;
}
