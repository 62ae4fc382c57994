/** Seven lessons over the live view: a state, a task, where to look, and a sentence whose numbers come from the run. */
import type { ChartKind } from '../plot/chart.ts';
import { valueText } from '../plot/scale.ts';
import type { Row } from '../scenario/result.ts';
import type { View } from './view.ts';
import type { Reply } from './worker.ts';

export interface Lesson {
  readonly title: string;
  readonly view: Omit<View, 'scene'>;
  readonly says: string;
  readonly task: string;
  /** Settings that the sentence compares with, as flags that differ from the view's. */
  readonly beside?: readonly View['flags'][];
  /** What the numbers prove; empty while they are not there. */
  sees(reply: Reply): string;
}

/** A sentence, or nothing where one of its values is missing. */
function sentence(words: TemplateStringsArray, ...values: (string | number | undefined)[]): string {
  return values.includes(undefined) ? '' : String.raw({ raw: words }, ...values);
}

const K = [1, 2, 3, 5, 8];
const lengths = { method: 'none,eagle3', k: K.join() } as const;
const state = (flags: View['flags'], at: number, picture: ChartKind) => ({
  flags: { batch: '1..128', ...flags },
  at,
  picture,
  look: 'eagle3',
});
const written = (value: number | null | undefined, digits: number, unit = '') =>
  typeof value === 'number' ? `${value.toFixed(digits)}${unit}` : undefined;
const gain = (row: Row | undefined) => written(row?.speedup, 2, 'x');
const percent = (share: number | null | undefined) => written(100 * (share ?? Number.NaN), 0, '%');
const find = (rows: readonly Row[] | undefined, batch: number, k: number | null, method = 'eagle3') =>
  rows?.find((row) => row.method === method && row.batch_size === batch && row.k === k);
/** Speedups by k, and the k of the largest. */
const byLength = ({ result: { rows } }: Reply, batch: number) => {
  const own = K.map((k) => find(rows, batch, k));
  const best = own.reduce((a, b) => ((b?.speedup ?? 0) > (a?.speedup ?? 0) ? b : a));
  const text = own.includes(undefined) ? undefined : own.map(gain).join(', ');
  return { first: own[0], last: own.at(-1), text, best: best?.k ?? undefined };
};

export const LESSONS: readonly Lesson[] = [
  {
    title: 'Verifying is nearly free, at first',
    view: state({ method: 'none,eagle3' }, 1, 'pass'),
    says: 'A pass of the target reads all its weights, whether for one token or for a hundred. That is the bottleneck that speculation uses: tokens that are verified together share it.',
    task: 'Guess how many tokens a pass may hold before it stops being nearly free. Then move the batch.',
    sees({ charts: { pass } }) {
      const panel = pass?.panels[0];
      if (panel?.form !== 'lines') return '';
      const ms = (tokens: number) => written(panel.series[0]!.points.find(({ x }) => x >= tokens)?.y, 2);
      return sentence`A pass takes ${ms(1)} ms for 1 token, ${ms(128)} ms for 128 and ${ms(1024)} ms for 1,024: ${panel.rules[0]!.label}.`;
    },
  },
  {
    title: 'A round',
    view: state({ method: 'none,eagle3', k: '3,8' }, 1, 'rounds'),
    says: 'The drafter proposes k tokens, one target pass verifies them all. What is right up to the first mistake stays, and the pass adds one token of its own.',
    task: 'Find the longest run of rejected drafts. What would more drafts have changed there?',
    sees({ result: { rows } }) {
      const [short, long] = [find(rows, 1, 3), find(rows, 1, 8)];
      return sentence`k = 3: ${written(short?.tokens_per_round, 1)} tokens a round of ${written(short && 1 + short.drafted_per_round!, 0)} that are verified; ${percent(short?.wasted_verify_share)} is thrown away, and ${percent(long?.wasted_verify_share)} at k = 8.`;
    },
  },
  {
    title: 'Longer is not better',
    view: state(lengths, 1, 'acceptance'),
    says: 'Each further draft is less likely to be right than the one before, and costs another pass of the drafter.',
    task: 'Where is the best k, and why there? Look at drafting in the picture of the time.',
    sees(reply) {
      const { text, best, first, last } = byLength(reply, 1);
      return sentence`k = ${K.join(', ')} give ${text}: k = ${best} is best. Drafting grows from ${percent(first?.time_share.draft)} to ${percent(last?.time_share.draft)} of the time.`;
    },
  },
  {
    title: 'The batch eats the free lunch',
    view: state(lengths, 128, 'pass'),
    says: 'A large batch fills the pass by itself. Every rejected draft then costs real time.',
    task: 'Move the batch until k = 8 loses, then until k = 3 does: find the break-even.',
    sees(reply) {
      const { text, best } = byLength(reply, 128);
      const lost = reply.result.rows.find((row) => row.k === 8 && (row.speedup ?? 1) < 1)?.batch_size;
      return sentence`At batch 128 k = ${K.join(', ')} give ${text}: k = ${best} is best. ${lost === undefined ? 'k = 8 still pays' : `k = 8 loses from batch ${lost} on`}.`;
    },
  },
  {
    title: 'A new GPU',
    view: state({ method: 'none,eagle3' }, 64, 'roofline'),
    says: 'Twice the memory bandwidth, or twice the arithmetic: which one makes speculation worth more?',
    task: 'Guess first. Then move the two sliders, and try h200-sxm, b200-sxm and l40s.',
    beside: [
      { set: 'hardware.memoryBandwidth=2x' },
      { set: 'hardware.denseFlops=2x' },
      { gpu: 'h200-sxm' },
      { gpu: 'b200-sxm' },
    ],
    sees({ result: { rows }, beside }) {
      const [now, bytes, flops, h200, b200] = [rows, ...beside].map((of) => find(of, 64, 3));
      const speed = (row: Row | undefined) => row && valueText(row.throughput_tok_per_s);
      return sentence`Now ${gain(now)} and ${speed(now)} tokens/s. Twice the bandwidth: ${gain(bytes)}, yet ${speed(bytes)} tokens/s; twice the FLOPs: ${gain(flops)}, ${speed(flops)}. h200-sxm ${gain(h200)}, b200-sxm ${gain(b200)}.`;
    },
  },
  {
    title: 'The distance to the bound',
    view: state({ method: 'none,eagle3,oracle:eagle3' }, 128, 'waterfall'),
    says: 'An oracle drafts exactly what will be accepted. The bars lead from the setting to what perfect knowledge and free work would bring.',
    task: 'Which gift is largest at batch 128, and which at batch 1?',
    sees({ result: { rows }, charts: { waterfall } }) {
      const panel = waterfall?.panels[0];
      if (panel?.form !== 'bars') return '';
      const { name, bands } = panel.groups.at(-1)!;
      const bars = bands.map((band) => ({ ...band.bars[0]!, what: band.name }));
      const largest = bars.slice(1, -1).reduce((a, b) => (b.from - b.to > a.from - a.to ? b : a));
      return sentence`${name}: ${written(bars[0]!.to, 2)} ms a token, ${written(bars.at(-1)!.to, 2)} ms at the bound; the largest gift is "${largest.what}", ${written(largest.from - largest.to, 2)} ms. At batch 1 the oracle gives ${gain(find(rows, 1, null, 'oracle:eagle3'))}, eagle3 ${gain(find(rows, 1, 3))}.`;
    },
  },
  {
    title: 'A tree, or a chain',
    view: state({ method: 'none,eagle3' }, 1, 'tree'),
    says: 'A tree drafts more than one choice for a place, so that a miss need not end the round. All of it has to be verified: cheap while the batch is small.',
    task: 'Guess from which batch on the tree is no better than a chain. Why does it shrink?',
    sees({ charts: { tree } }) {
      const panel = tree?.panels[0];
      if (panel?.form !== 'lines') return '';
      const [trees, chains] = panel.series.map(({ points }) => points);
      const at = (i: number) =>
        sentence`batch ${trees!.at(i)?.x}: ${trees!.at(i)?.label} ${written(trees!.at(i)?.y, 2, 'x')}, the best chain ${written(chains!.at(i)?.y, 2, 'x')}`;
      return `${at(0)}; ${at(-1)}.`;
    },
  },
];
