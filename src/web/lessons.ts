/** Seven lessons over the live view: a state, a task, where to look, and a sentence whose numbers come from the run. */
import type { ChartKind } from '../plot/chart.ts';
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

const lengths = { method: 'none,eagle3', k: '1,2,3,5,8' } as const;
const state = (flags: View['flags'], at: number, picture: ChartKind, look = 'eagle3') => ({
  flags: { batch: '1..128', ...flags },
  at,
  picture,
  look,
});
const times = (value: number | null | undefined) => `${(value ?? 0).toFixed(2)}x`;
const percent = (share: number | null | undefined) => `${Math.round(100 * (share ?? 0))}%`;
const find = (rows: readonly Row[], batch: number, k: number | null, method = 'eagle3') =>
  rows.find((row) => row.method === method && row.batch_size === batch && row.k === k);
const fastest = (rows: readonly Row[], batch: number) =>
  rows
    .filter((row) => row.batch_size === batch && row.k !== null)
    .reduce((a, b) => ((b.speedup ?? 0) > (a.speedup ?? 0) ? b : a));

export const LESSONS: readonly Lesson[] = [
  {
    title: 'Verifying is nearly free, at first',
    view: state({ method: 'none,eagle3' }, 1, 'pass'),
    says: 'A pass of the target reads all its weights, whether for one token or for a hundred. That is the bottleneck that speculation uses: tokens that are verified together share it.',
    task: 'Guess how many tokens a pass may hold before it stops being nearly free. Then move the batch.',
    sees({ charts }) {
      const panel = charts.pass?.panels[0];
      if (panel?.form !== 'lines') return '';
      const points = panel.series[0]!.points;
      const ms = (tokens: number) => points.find(({ x }) => x >= tokens)?.y?.toFixed(2) ?? '?';
      return `A pass takes ${ms(1)} ms for 1 token, ${ms(128)} ms for 128 and ${ms(1024)} ms for 1,024: ${panel.rules[0]!.label}.`;
    },
  },
  {
    title: 'A round',
    view: state({ method: 'none,eagle3', k: '3,8' }, 1, 'rounds'),
    says: 'The drafter proposes k tokens, one target pass verifies them all. What is right up to the first mistake stays, and the pass adds one token of its own.',
    task: 'Find the longest run of rejected drafts. What would more drafts have changed there?',
    sees({ result: { rows } }) {
      const [short, long] = [find(rows, 1, 3), find(rows, 1, 8)];
      if (short === undefined || long === undefined) return '';
      return `k = 3: ${short.tokens_per_round?.toFixed(1)} tokens a round of ${(1 + short.drafted_per_round!).toFixed(0)} that are verified; ${percent(short.wasted_verify_share)} is thrown away, and ${percent(long.wasted_verify_share)} at k = 8.`;
    },
  },
  {
    title: 'Longer is not better',
    view: state({ ...lengths }, 1, 'acceptance'),
    says: 'Each further draft is less likely to be right than the one before, and costs another pass of the drafter.',
    task: 'Where is the best k, and why there? Look at drafting in the picture of the time.',
    sees({ result: { rows } }) {
      const all = [1, 2, 3, 5, 8].map((k) => find(rows, 1, k));
      if (all.some((row) => row === undefined)) return '';
      return `k = 1, 2, 3, 5, 8 give ${all.map((row) => times(row?.speedup)).join(', ')}: k = ${fastest(rows, 1).k} is best. Drafting grows from ${percent(all[0]?.time_share.draft)} to ${percent(all.at(-1)?.time_share.draft)} of the time.`;
    },
  },
  {
    title: 'The batch eats the free lunch',
    view: state({ ...lengths }, 128, 'pass'),
    says: 'A large batch fills the pass by itself. Every rejected draft then costs real time.',
    task: 'Move the batch until k = 8 loses, then until k = 3 does: find the break-even.',
    sees({ result: { rows } }) {
      const at = rows.filter((row) => row.k === 8).find((row) => (row.speedup ?? 1) < 1)?.batch_size;
      if (find(rows, 128, 1) === undefined) return '';
      const all = [1, 2, 3, 5, 8].map((k) => times(find(rows, 128, k)?.speedup));
      return `At batch 128 k = 1, 2, 3, 5, 8 give ${all.join(', ')}: k = ${fastest(rows, 128).k} is best. ${at === undefined ? 'k = 8 still pays' : `k = 8 loses from batch ${at} on`}.`;
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
      const now = find(rows, 64, 3);
      const [bytes, flops, h200, b200] = beside.map((of) => find(of, 64, 3));
      if (now === undefined || bytes === undefined || flops === undefined) return '';
      const speed = (row: Row) => Math.round(row.throughput_tok_per_s).toLocaleString('en');
      return `Now ${times(now.speedup)} and ${speed(now)} tokens/s. Twice the bandwidth: ${times(bytes.speedup)}, yet ${speed(bytes)} tokens/s; twice the FLOPs: ${times(flops.speedup)}, ${speed(flops)}. h200-sxm ${times(h200?.speedup)}, b200-sxm ${times(b200?.speedup)}.`;
    },
  },
  {
    title: 'The distance to the bound',
    view: state({ method: 'none,eagle3,oracle:eagle3' }, 128, 'waterfall'),
    says: 'An oracle drafts exactly what will be accepted. The bars lead from the setting to what perfect knowledge and free work would bring.',
    task: 'Which gift is largest at batch 128, and which at batch 1?',
    sees({ result: { rows }, charts }) {
      const panel = charts.waterfall?.panels[0];
      const group = panel?.form === 'bars' ? panel.groups.at(-1) : undefined;
      if (group === undefined) return '';
      const bars = group.bands.map(({ name, bars: [bar] }) => ({ name, from: bar!.from, to: bar!.to }));
      const saves = ({ from, to }: { from: number; to: number }) => from - to;
      const largest = bars.slice(1, -1).reduce((a, b) => (saves(b) > saves(a) ? b : a));
      const [now, bound] = [bars[0]!.to, bars.at(-1)!.to];
      return `${group.name}: ${now.toFixed(2)} ms a token, ${bound.toFixed(2)} ms at the bound; the largest gift is "${largest.name}", ${saves(largest).toFixed(2)} ms. At batch 1 the oracle gives ${times(find(rows, 1, null, 'oracle:eagle3')?.speedup)}, eagle3 ${times(find(rows, 1, 3)?.speedup)}.`;
    },
  },
  {
    title: 'A tree, or a chain',
    view: state({ method: 'none,eagle3' }, 1, 'tree'),
    says: 'A tree drafts more than one choice for a place, so that a miss need not end the round. All of it has to be verified: cheap while the batch is small.',
    task: 'Guess from which batch on the tree is no better than a chain. Why does it shrink?',
    sees({ charts }) {
      const panel = charts.tree?.panels[0];
      if (panel?.form !== 'lines') return '';
      const [tree, chain] = panel.series.map(({ points }) => points);
      const at = (i: number) =>
        `batch ${tree!.at(i)!.x}: ${tree!.at(i)!.label} ${times(tree!.at(i)!.y)}, the best chain ${times(chain!.at(i)!.y)}`;
      return `${at(0)}; ${at(-1)}.`;
    },
  },
];
