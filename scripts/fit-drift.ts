/**
 * Fits the process of Qwen3-8B on AIME, whose outputs are long, to the published drift along them; what the drift does
 * not tell is that of Qwen3-8B on gsm8k (docs/acceptance-process.md, section 10).
 *
 *   npx tsx scripts/fit-drift.ts FIG6.csv [--check]
 *
 * --check measures the committed process and fits none.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { leastSquares } from '../src/cost/calibration/least-squares.ts';
import { type AcceptanceProcess, QUANTILES, sampleProcess } from '../src/trace/process.ts';
import { type DriftGroup, type DriftMethod, driftOf, readDrift } from './process-fit/along-figure.ts';
import { readProcess, writeProcess } from './process-fit/process-file.ts';
import { mean } from './process-fit/replay-totals.ts';

const FOLDER = 'traces/qwen3-8b';
const FIG6 = 'fig. 6 of arXiv 2601.11580 (SpecDecode-Bench), mean emitted length along the output at k = 20';
const FIT = { requests: 250, seed: 1 };
const UNSEEN = { requests: 500, seed: 1001 };
/** In tokens; the figure only tells that the shortest answers have fewer than 4,000. */
const SHORTEST = 1000;
/** Few requests reach the last bin of a group. */
const TOLERANCE = { last: 0.06, others: 0.02 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'boolean', default: false } },
});
const [path] = positionals;
if (path === undefined) throw new Error('usage: fit-drift.ts FIG6.csv [--check]');
const groups = readDrift(path);
const out = join(FOLDER, 'aime.json');
if (!values.check) writeProcess(out, fitAll());
report(readProcess(out));

function fitAll(): AcceptanceProcess {
  let fitted = start(readProcess(join(FOLDER, 'gsm8k.json')));
  for (const method of ['ngram', 'eagle3'] as const) {
    fitted = fitDrift(
      fitted,
      method,
      groups.filter((group) => group.method === method),
    );
  }
  return fitted;
}

/** Lengths of the figure's groups; correlations that nothing tells are none. */
function start(lender: AcceptanceProcess): AcceptanceProcess {
  const { ngram, eagle3, copula, promptTokens, conventions } = lender;
  const from = 'qwen3-8b/gsm8k';
  return {
    schemaVersion: 2,
    process: 'copy-run and token-difficulty',
    dataset: 'aime',
    target: 'qwen3-8b',
    setting: 'thinking on',
    conventions,
    origins: {
      lengths: {
        fittedTo:
          'the numbers of requests by output length in fig. 6 of arXiv 2601.11580, evenly spread inside a group',
        borrowed: { from: 'llama-3.1-8b/gsm8k', numbers: ['promptTokens'] },
      },
      copula: { fittedTo: FIG6, borrowed: { from, numbers: ['copyEase'] } },
      ngram: {
        fittedTo: FIG6,
        borrowed: {
          from,
          numbers: [
            'opening',
            'requestSd',
            'afterBreak',
            'run.alpha',
            'run.floor',
            'run.lengthSd',
            'wholeCopy',
            'lookup',
          ],
        },
      },
      eagle3: {
        fittedTo: FIG6,
        borrowed: { from, numbers: ['requestSd', 'local', 'roundSd', 'depth', 'beyond7', 'copied'] },
      },
    },
    promptTokens,
    outputTokens: outputQuantiles(),
    copula: { ...copula, outputPrompt: 0, outputCopy: 0, outputEase: 0, promptCopy: 0, promptEase: 0 },
    ngram,
    eagle3: eagle3!,
    requestMeans: {},
  };
}

/** Output lengths at the quantiles: as many requests in each group as the figure has, of evenly spread lengths. */
function outputQuantiles(): number[] {
  const counted = groups.filter(({ method }) => method === 'eagle3');
  counted.sort((a, b) => a.range[0] - b.range[0]);
  const total = counted.reduce((sum, { requests }) => sum + requests, 0);
  // The shortest answer is not told; the longest is the end of the last group's last bin.
  const knots = [[0, SHORTEST]] as [number, number][];
  let share = 0;
  for (const { requests, range, width, means } of counted) {
    share += requests / total;
    knots.push([share, Math.min(range[1], width * means.length)]);
  }
  return QUANTILES.map((quantile) => {
    const above = Math.max(
      knots.findIndex(([at]) => at >= quantile - 1e-9),
      1,
    );
    const [[from, low], [to, high]] = [knots[above - 1]!, knots[above]!];
    return Math.round(low + ((quantile - from) / (to - from)) * (high - low));
  });
}

/** Six values along the output, how the score goes with the output's length, and for look-up how long runs are. */
function fitDrift(
  process: AcceptanceProcess,
  method: DriftMethod,
  figure: readonly DriftGroup[],
): AcceptanceProcess {
  const apply = (parameters: readonly number[]): AcceptanceProcess => {
    const move = (values: readonly number[]) => values.map((value, i) => value + parameters[i]!);
    const correlation = Math.tanh(parameters[6]!);
    const { copula, ngram, eagle3 } = process;
    return method === 'ngram'
      ? {
          ...process,
          copula: { ...copula, outputCopy: correlation },
          ngram: {
            ...ngram,
            startAlongOutput: move(ngram.startAlongOutput),
            run: { ...ngram.run, beta: ngram.run.beta * Math.exp(parameters[7]!) },
          },
        }
      : {
          ...process,
          copula: { ...copula, outputEase: correlation },
          eagle3: { ...eagle3!, difficultyAlongOutput: move(eagle3!.difficultyAlongOutput) },
        };
  };
  const deviations = (parameters: readonly number[]) => {
    const trace = sampleProcess(apply(parameters), FIT);
    return figure.flatMap((group) =>
      driftOf(trace, group).map((reached, bin) => {
        const tolerance = bin === group.means.length - 1 ? TOLERANCE.last : TOLERANCE.others;
        return Number.isNaN(reached) ? 0 : Math.log(reached / group.means[bin]!) / tolerance;
      }),
    );
  };
  const runs = method === 'ngram' ? [0.2] : [];
  const steps = [...new Array(6).fill(0.15), 0.2, ...runs];
  const { parameters } = leastSquares(deviations, new Array(steps.length).fill(0), {
    steps,
    iterations: 15,
    farthest: 4,
    pull: [...new Array(6).fill(3), 0.6, ...runs.map(() => 2)],
    softBeyond: 2,
    tolerance: 0.003,
    log: console.log,
  });
  return apply(parameters);
}

/** Deviations of requests that the fit did not see, in percent. */
function report(process: AcceptanceProcess): void {
  const trace = sampleProcess(process, UNSEEN);
  console.table(
    groups.map((group) => {
      const reached = driftOf(trace, group);
      const percents = reached.map((value, bin) => 100 * (value / group.means[bin]! - 1));
      return {
        method: group.method,
        group: group.name,
        published: group.means.map((value) => value.toFixed(2)).join(' '),
        reached: reached.map((value) => value.toFixed(2)).join(' '),
        'mean, %': mean(percents.slice(0, -1).map(Math.abs)).toFixed(1),
        'last bin, %': Math.abs(percents.at(-1)!).toFixed(1),
      };
    }),
  );
}
