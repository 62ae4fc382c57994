/**
 * How far a GPU profile is from measured kernels: from those it was fitted to and, apart from them, from all others,
 * which are other engines and kernels, and sizes that the fit left out.
 *
 * A kernel is priced by the law that was fitted, its t0 and wave included, and experts as a serving step prices
 * them; nothing was ever fitted to experts.
 */
import type { HardwareProfile, Provenance } from '../../hardware/profile.ts';
import { entry, grouped } from '../../memo.ts';
import { gemm } from '../../model/layer.ts';
import { ForwardPass } from '../forward-pass.ts';
import { allReduceRows } from './all-reduce.ts';
import { decodeLaw, decodeRows } from './decode-attention.ts';
import { gemmLaw, gemmRows } from './gemm.ts';
import type { AllReduceRow, AttentionRow, ExpertsRow, GemmRow, Measured, OpsRows } from './rows.ts';
import { type Choice, ofOneSystem } from './selection.ts';

const ANY: Choice = { framework: null, kernel: null, system: null };

export const KERNEL_OPERATIONS = ['gemm', 'gemm-fp8', 'attention', 'all-reduce', 'experts'] as const;

export type KernelOperation = (typeof KERNEL_OPERATIONS)[number];

interface KernelPoint {
  /** The sizes, for people. */
  readonly setting: string;
  readonly measuredS: number;
  readonly predictedS: number;
  /** Percent of the measured time. */
  readonly error: number;
}

/**
 * Which rows: those a law was fitted to, those of other engines and kernels in the same sizes, and sizes that no fit
 * takes (small matrices, KV caches that stay in L2, windows).
 */
type KernelRows = 'fitted' | 'other kernels' | 'other sizes';

export interface KernelGroup {
  readonly operation: KernelOperation;
  readonly rows: KernelRows;
  /** Mean error in percent on rows that were held out of the fit; null where none were. */
  readonly heldOutError: number | null;
  readonly points: readonly KernelPoint[];
}

/** The points of every operation that is measured. */
export function kernelErrors(hardware: HardwareProfile, rows: OpsRows): KernelGroup[] {
  return [
    ...gemmGroups(hardware, rows.gemm, 'bf16'),
    ...gemmGroups(hardware, rows.gemm, 'fp8'),
    ...attentionGroups(hardware, rows.attention),
    ...allReduceGroups(hardware, rows.allReduce),
    ...expertGroups(hardware, rows.experts),
  ];
}

/** What makes groups of the rows of an operation. */
interface Grouping<Row> {
  readonly operation: KernelOperation;
  /** Of the fits; without rows where the GPU was never fitted. */
  readonly provenances: readonly (Provenance | undefined)[];
  /** The rows among those of one engine and kernel that a fit takes. */
  readonly usable: (rows: readonly Row[]) => readonly Row[];
  readonly secondsOf: (row: Row) => number;
  readonly settingOf: (row: Row) => string;
}

function groupsOf<Row extends Measured>(
  all: readonly Row[],
  { operation, provenances, usable, secondsOf, settingOf }: Grouping<Row>,
): KernelGroup[] {
  const fits = provenances.filter((one) => one?.rows !== undefined) as Provenance[];
  const heldOut = fits.flatMap(({ heldOutError }) => heldOutError ?? []);
  const nameOf = ({ engine, kernel }: Measured) => `${engine} ${kernel}`.trim();
  const members: Record<KernelRows, KernelPoint[]> = { fitted: [], 'other kernels': [], 'other sizes': [] };
  for (const [name, own] of grouped(all, nameOf)) {
    const isFitted = fits.some(({ engine, kernel = '' }) => `${engine} ${kernel}`.trim() === name);
    const taken = new Set(usable(own));
    for (const row of own) {
      const predictedS = secondsOf(row);
      const rows = !taken.has(row) ? 'other sizes' : isFitted ? 'fitted' : 'other kernels';
      members[rows].push({
        setting: `${name}: ${settingOf(row)}`,
        measuredS: row.seconds,
        predictedS,
        error: 100 * (predictedS / row.seconds - 1),
      });
    }
  }
  return Object.entries(members)
    .filter(([, points]) => points.length > 0)
    .map(([rows, points]) => ({
      operation,
      rows: rows as KernelRows,
      heldOutError: rows === 'fitted' && heldOut.length > 0 ? 100 * mean(heldOut) : null,
      points,
    }));
}

function gemmGroups(
  hardware: HardwareProfile,
  all: readonly GemmRow[],
  dtype: 'bf16' | 'fp8',
): KernelGroup[] {
  const { specification: spec, efficiency } = hardware;
  const flopsPerS = spec.denseFlopsPerS[dtype];
  if (flopsPerS === undefined) return [];
  const provenance = hardware.provenance[`efficiency.gemm.${dtype}`];
  const { bandwidth, flops, corner } = efficiency.gemm[dtype];
  const peaks = { bytesPerS: spec.memoryBandwidthBytesPerS, flopsPerS };
  const law = gemmLaw(dtype, peaks);
  const parameters = [kernelTime(provenance, 't0'), bandwidth, flops, corner];
  return groupsOf(
    all.filter((row) => row.dtype === dtype),
    {
      operation: dtype === 'bf16' ? 'gemm' : 'gemm-fp8',
      provenances: [provenance],
      usable: (rows) => gemmRows(rows, dtype, peaks.bytesPerS, spec.l2Bytes),
      secondsOf: (row) => law.seconds(row, parameters),
      settingOf: ({ n, k, m }) => `${n} x ${k}, ${m} tokens`,
    },
  );
}

function attentionGroups(hardware: HardwareProfile, all: readonly AttentionRow[]): KernelGroup[] {
  const { specification: spec, efficiency } = hardware;
  const provenance = hardware.provenance['efficiency.attention.bandwidth'];
  const law = decodeLaw(spec.memoryBandwidthBytesPerS, spec.streamingMultiprocessors);
  const parameters = [
    kernelTime(provenance, 't0'),
    efficiency.attention.bandwidth,
    kernelTime(provenance, 'wave'),
  ];
  return groupsOf(
    all.filter(({ queryTokens, kvDtype }) => queryTokens === 1 && kvDtype === 'bf16'),
    {
      operation: 'attention',
      provenances: [provenance],
      usable: (rows) => decodeRows(rows, spec.l2Bytes ?? 0),
      secondsOf: (row) => law.seconds(row, parameters),
      settingOf: ({ sequences, contextTokens, heads, kvHeads, headDim, window }) =>
        `${sequences} x ${contextTokens} tokens, ${heads}/${kvHeads} heads of ${headDim}${window === null ? '' : `, window ${window}`}`,
    },
  );
}

function allReduceGroups(hardware: HardwareProfile, all: readonly AllReduceRow[]): KernelGroup[] {
  const laws = new Map(hardware.efficiency.allReduce.map((law) => [law.gpus, law]));
  const own = all.length === 0 ? [] : ofOneSystem(all, hardware.name, ANY);
  return groupsOf(
    own.filter(({ gpus }) => laws.has(gpus)),
    {
      operation: 'all-reduce',
      provenances: [...laws.keys()].map((gpus) => hardware.provenance[`efficiency.allReduce.${gpus}`]),
      usable: (rows) => [...laws.keys()].flatMap((gpus) => allReduceRows(rows, gpus)),
      secondsOf: ({ gpus, bytes }) =>
        Math.min(...laws.get(gpus)!.lines.map(({ latencyS, bytesPerS }) => latencyS + bytes / bytesPerS)),
      settingOf: ({ gpus, bytes }) => `${gpus} GPUs, ${bytes} bytes`,
    },
  );
}

function expertGroups(hardware: HardwareProfile, all: readonly ExpertsRow[]): KernelGroup[] {
  const passes = new Map<string, ForwardPass>();
  const passOf = (row: ExpertsRow): ForwardPass => {
    const key = `${row.dtype} ${row.hidden} ${row.ffn} ${row.perToken} ${row.count}`;
    return entry(passes, key, () => expertsAlone(row, hardware));
  };
  return groupsOf(
    all.filter(
      ({ dtype, groups }) =>
        groups === 1 && (dtype === 'bf16' || (dtype === 'fp8' && hardware.specification.denseFlopsPerS.fp8)),
    ),
    {
      operation: 'experts',
      provenances: [],
      usable: (rows) => rows,
      secondsOf: (row) => passOf(row).tokensS(row.tokens),
      settingOf: ({ hidden, ffn, perToken, count, tokens, routing }) =>
        `${perToken} of ${count} experts ${hidden} x ${ffn}, ${tokens} tokens, ${routing}`,
    },
  );
}

/** A pass that does nothing but visit the routed experts of one layer. */
function expertsAlone(
  { dtype, hidden, ffn, perToken, count }: ExpertsRow,
  hardware: HardwareProfile,
): ForwardPass {
  const matrix = (name: string, n: number, k: number) =>
    gemm(name, n, k, 1, dtype === 'fp8' ? 'fp8' : 'bf16');
  return new ForwardPass(
    {
      name: 'experts',
      layers: 1,
      gemms: [],
      furtherProducts: 0,
      block: false,
      readBytesPerToken: 0,
      firstPassGemms: [],
      lmHead: matrix('lm_head', 1, 1),
      experts: {
        layers: 1,
        count,
        perToken,
        share: 0,
        skew: 0,
        groups: 1,
        ffn,
        gemms: [matrix('gate_up', 2 * ffn, hidden), matrix('down', hidden, ffn)],
      },
      reads: [],
      kvBytesPerToken: 0,
      queriesPerKey: 1,
      stateBytes: 0,
      stateFlopsPerToken: 0,
      activationBytesPerToken: 0,
      copies: 1,
      exchanges: 0,
      allReduces: 0,
      allReduceBytesPerToken: 0,
      weightBytes: 0,
    },
    hardware,
    1,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A time that was fitted beside the shares, in seconds; profiles keep it as `3.753e-6 s`. */
function kernelTime(provenance: Provenance | undefined, name: string): number {
  return Number.parseFloat(provenance?.kernelTimes?.[name] ?? '0');
}
