/**
 * What a slider of the page costs, in CPU milliseconds of its worker: npm run bench:page. The least and the median of many
 * changes, warmed up: a number of the GPU (four methods at nine batch sizes, points alone, then with intervals), a length of the
 * text, the drafter's quality.
 */
import { folderLibrary } from '../src/node/folder-library.ts';
import { gatherInputs } from '../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../src/scenario/options.ts';
import { runPoints, runScenario } from '../src/scenario/run.ts';
import { workspace } from '../src/scenario/workspace.ts';

const library = workspace(folderLibrary);
const VIEW: Options = {
  method: ['ngram', 'eagle3', 'oracle:eagle3', 'hybrid:ngram+eagle3'],
  batch: [1, 2, 4, 8, 16, 32, 64, 128, 256],
};

async function timed(
  what: string,
  times: number,
  change: (i: number) => Options,
  whole = false,
): Promise<void> {
  const costs: number[] = [];
  for (let i = 0; i < times; i++) {
    const begin = process.cpuUsage();
    const inputs = await gatherInputs(completeScenario({ ...VIEW, ...change(i) }), library);
    if (whole) runScenario(inputs);
    else runPoints(inputs);
    const { user, system } = process.cpuUsage(begin);
    costs.push((user + system) / 1e3);
  }
  const sorted = costs.slice(Math.floor(times / 4)).sort((a, b) => a - b);
  console.log(
    `${what}: least ${sorted[0]!.toFixed(1)} ms, median ${sorted[sorted.length >> 1]!.toFixed(1)} ms of CPU`,
  );
}

const bandwidth = (i: number): Options => ({ set: { 'hardware.memoryBandwidth': `${1 + (i + 1) / 200}x` } });
await timed('a number of the GPU, points', 80, bandwidth);
await timed('a number of the GPU, with intervals', 24, bandwidth, true);
await timed('prompt length, points', 24, (i) => ({ promptLen: 200 + i }));
await timed('output length, points', 12, (i) => ({ outputLen: 200 + i }));
await timed('drafter quality, points', 12, (i) => ({ drafterQuality: Number((1.02 + i / 100).toFixed(2)) }));
