import { readFileSync } from 'node:fs';
import { folderLibrary } from '../src/node/folder-library.ts';
import { gatherInputs } from '../src/scenario/inputs.ts';
import { completeScenario } from '../src/scenario/options.ts';
import { runScenario } from '../src/scenario/run.ts';
import { leastSquares } from './process-fit/least-squares.ts';

const R = '../shared/data/recordings/specdecode-bench/combined_';
const M = '../shared/data/measured/';
const requests = process.argv[2] ? Number(process.argv[2]) : null;
const fitHw = process.argv.includes('--hw');
const csv = (f: string) => {
  const [h, ...l] = readFileSync(M + f, 'utf8')
    .trim()
    .split(/\r?\n/)
    .map((x) => x.split(','));
  return l.map((c) => Object.fromEntries(h!.map((k, i) => [k, c[i]!])));
};
const ds: Record<string, string> = {
  GSM8K: 'gsm8k',
  'CNN/DailyMail': 'cnn',
  ShareGPT: 'sharegpt',
  InstructCoder: 'instructcoder',
};
const me: Record<string, string> = { 'n-gram': 'ngram', 'EAGLE-3': 'eagle3', none: 'none' };
const fig1 = csv('fig1-llama-3.1-8b-h100.csv').filter((r) => r.method !== 'EAGLE');
const fig4 = csv('fig4-llama-3.1-8b-h100-time-shares.csv').filter(
  (r) => r.method !== 'EAGLE' && r.batch_size !== '512',
);
const base = await gatherInputs(
  completeScenario({
    method: ['none', 'ngram', 'eagle3'],
    trace: Object.values(ds).map((d) => `${R}${d}.jsonl`),
    ...(requests ? { requests } : {}),
  }),
  folderLibrary,
);
const inst = {
  ...base,
  traces: [base.traces[3]!],
  methods: [base.methods[1]!],
  scenario: { ...base.scenario, k: [5] },
};
type P = Record<string, number>;
const start: P = {
  layer: 27e-6,
  draft: 0.4e-3,
  stepF: 0.92e-3,
  stepE: 8e-6,
  searchF: 14e-6,
  searchE: 2e-6,
  plain: 45e-6,
  rej: 110e-6,
  rejE: 0.05e-6,
  specF: 0.1e-3,
  specE: 1e-6,
  ...(fitHw ? { eb: 0.886, ef: 0.816, q: 3.41, ab: 0.952 } : {}),
};
const names = Object.keys(start);
function inputsOf(p: P, of: typeof base) {
  const g = of.hardware.efficiency.gemm.bf16;
  return {
    ...of,
    engine: {
      ...of.engine,
      layerLaunchS: p.layer!,
      draftPassLaunchS: p.draft!,
      stepOverhead: { fixedS: p.stepF!, eachS: p.stepE! },
      speculationOverhead: { fixedS: p.specF!, eachS: p.specE! },
      search: { fixedS: p.searchF!, eachS: p.searchE! },
      plainSampling: { fixedS: p.plain!, eachS: 0 },
      rejectionSampling: { fixedS: p.rej!, eachS: p.rejE! },
    },
    hardware: {
      ...of.hardware,
      efficiency: {
        ...of.hardware.efficiency,
        attention: {
          ...of.hardware.efficiency.attention,
          bandwidth: p.ab ?? of.hardware.efficiency.attention.bandwidth,
        },
        gemm: {
          ...of.hardware.efficiency.gemm,
          bf16: { bandwidth: p.eb ?? g.bandwidth, flops: p.ef ?? g.flops, corner: p.q ?? g.corner },
        },
      },
    },
  };
}
function predict(p: P) {
  const rows = [...runScenario(inputsOf(p, base)).rows, ...runScenario(inputsOf(p, inst)).rows];
  const find = (d: string, m: string, b: string, k: string) =>
    rows.find(
      (r) =>
        r.trace === ds[d] &&
        r.method === me[m] &&
        r.batch_size === Number(b) &&
        (r.method === 'none' || r.k === Number(k)),
    )!;
  const speed = fig1.map((r) => ({
    id: `${r.dataset} ${r.method} k${r.k} b${r.batch_size}`,
    pred: find(r.dataset!, r.method!, r.batch_size!, r.k!).speedup!,
    meas: Number(r.value),
  }));
  const share = fig4.map((r) => {
    const row = find(r.dataset!, r.method!, r.batch_size!, r.k!);
    const t = row.time_share;
    const part = r.metric!.split('_')[0];
    const pred =
      100 *
      (part === 'drafting'
        ? t.draft
        : part === 'verification'
          ? t.verify + t.prefill
          : part === 'sampling'
            ? t.sampling
            : t.overhead);
    return { id: `${r.method} b${r.batch_size} ${part}`, pred, meas: Number(r.value) };
  });
  const step = runScenario(
    inputsOf(p, {
      ...base,
      methods: [base.methods[0]!],
      traces: [
        {
          ...base.traces[0]!,
          ...{
            promptTokens: new Int32Array(1).fill(511),
            outputTokens: new Int32Array(1).fill(3),
            ids: ['x'],
          },
        },
      ],
      scenario: { ...base.scenario, batch: [1, 8, 16, 32] },
    } as typeof base),
  ).rows.map((r) => ({
    id: `step b${r.batch_size}`,
    pred: Object.values(r.step_ms!).reduce((a, b) => a + b),
    meas:
      1e3 *
      (3.92645679e-8 * 513.5 * r.batch_size! + 2.10103129e-5 * r.batch_size! + 0.00588590713 + 0.00120683946),
  }));
  return { speed, share, step };
}
const toP = (x: readonly number[]): P => Object.fromEntries(names.map((n, i) => [n, Math.exp(x[i]!)]));
function residuals(x: readonly number[]) {
  const { speed, share, step } = predict(toP(x));
  return [
    ...speed.map((s) => (s.pred / s.meas - 1) / 0.015),
    ...share.map((s) => (s.pred - s.meas) / 1),
    ...step.map((s) => (s.pred / s.meas - 1) / 0.04),
  ];
}
let x = names.map((n) => Math.log(start[n]!));
if (!process.argv.includes('--check'))
  x = leastSquares(residuals, x, { steps: names.map(() => 0.02), iterations: 8, log: (l) => console.log(l) });
const p = toP(x);
console.log(p);
const { speed, share, step } = predict(p);
const err = speed.map((s) => 100 * (s.pred / s.meas - 1));
for (let i = 0; i < speed.length; i += 4)
  console.log(
    speed[i]!.id.padEnd(34),
    err
      .slice(i, i + 4)
      .map((e) => e.toFixed(1).padStart(6))
      .join(' '),
  );
console.log(
  'speed mean',
  err.reduce((a, e) => a + Math.abs(e), 0) / err.length,
  'worst',
  Math.max(...err.map(Math.abs)),
);
const serr = share.map((s) => s.pred - s.meas);
for (let i = 0; i < share.length; i += 4)
  console.log(
    share[i]!.id.padEnd(34),
    serr
      .slice(i, i + 4)
      .map((e) => e.toFixed(2).padStart(6))
      .join(' '),
  );
console.log(
  'share mean',
  serr.reduce((a, e) => a + Math.abs(e), 0) / serr.length,
  'worst',
  Math.max(...serr.map(Math.abs)),
);
console.log(step.map((s) => `${s.id} ${s.pred.toFixed(2)}/${s.meas.toFixed(2)}`).join('  '));
