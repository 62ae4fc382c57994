/**
 * How far a GPU profile is from measured kernels: from those it was fitted to and, apart from them, from all others,
 * which are other engines and kernels, and sizes that the fit left out.
 *
 * A kernel is priced by the law that was fitted, its t0 and wave included, and one that no law was fitted to by that which
 * its engine's steps are priced with. Experts are visited as the row says that tokens were routed.
 */
import type { HardwareProfile, Kernel, Provenance } from '../../hardware/profile.ts';
import { entry, grouped } from '../../memo.ts';
import { FORMATS, WEIGHT_FORMATS, type WeightFormat } from '../../number-formats.ts';
import { expertKernel, kernelsOf } from '../kernels.ts';
import { allReduceRows } from './all-reduce.ts';
import { decodeLaw, decodeRows } from './decode-attention.ts';
import { expertLaw, expertRows, MOST_TOKENS } from './experts.ts';
import { gemmLaw, gemmRows } from './gemm.ts';
import type { AllReduceRow, AttentionRow, ExpertsRow, GemmRow, Measured, OpsRows } from './rows.ts';
import { type Choice, ofOneSystem } from './selection.ts';

const ANY: Choice = { framework: null, kernel: null, system: null };

export const KERNEL_OPERATIONS = [
  'gemm',
  'gemm-fp8',
  'gemm-formats',
  'attention',
  'all-reduce',
  'experts',
] as const;

/** Formats whose kernels have laws that ship beside the profiles. */
const OTHER_FORMATS = WEIGHT_FORMATS.filter((format) => format !== 'bf16' && format !== 'fp8');

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
    ...gemmGroups(hardware, rows.gemm),
    ...formatGroups(hardware, rows.gemm, 'gemm-fp8', ['fp8']),
    ...formatGroups(hardware, rows.gemm, 'gemm-formats', OTHER_FORMATS),
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

const nameOf = ({ engine, kernel }: Measured) => `${engine} ${kernel}`.trim();

/** Of a row; its words are made where they are asked for: a set has a hundred thousand, of which few are shown. */
class Point<Row extends Measured> implements KernelPoint {
  readonly measuredS: number;
  readonly predictedS: number;
  readonly error: number;
  readonly #row: Row;
  readonly #settingOf: (row: Row) => string;

  constructor(row: Row, predictedS: number, settingOf: (row: Row) => string) {
    this.measuredS = row.seconds;
    this.predictedS = predictedS;
    this.error = 100 * (predictedS / row.seconds - 1);
    this.#row = row;
    this.#settingOf = settingOf;
  }

  get setting(): string {
    return `${nameOf(this.#row)}: ${this.#settingOf(this.#row)}`;
  }
}

function groupsOf<Row extends Measured>(
  all: readonly Row[],
  { operation, provenances, usable, secondsOf, settingOf }: Grouping<Row>,
): KernelGroup[] {
  const fits = provenances.filter((one) => one?.rows !== undefined) as Provenance[];
  const heldOut = fits.flatMap(({ heldOutError }) => heldOutError ?? []);
  const members: Record<KernelRows, KernelPoint[]> = { fitted: [], 'other kernels': [], 'other sizes': [] };
  for (const [name, own] of grouped(all, nameOf)) {
    const isFitted = fits.some(({ engine, kernel = '' }) => `${engine} ${kernel}`.trim() === name);
    const taken = new Set(usable(own));
    for (const row of own) {
      const predictedS = secondsOf(row);
      const rows = !taken.has(row) ? 'other sizes' : isFitted ? 'fitted' : 'other kernels';
      members[rows].push(new Point(row, predictedS, settingOf));
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

/** Products in bf16, which the profile has a law of. */
function gemmGroups(hardware: HardwareProfile, all: readonly GemmRow[]): KernelGroup[] {
  const provenance = hardware.provenance['efficiency.gemm.bf16'];
  const { bandwidth, flops, corner } = hardware.efficiency.gemm.bf16;
  const parameters = [kernelTime(provenance, 't0'), bandwidth, flops, corner];
  const law = gemmLaw('bf16', peaksOf(hardware, 'bf16'));
  return productGroups(hardware, all, {
    operation: 'gemm',
    formats: ['bf16'],
    provenances: [provenance],
    secondsOf: (row) => law.seconds(row, parameters),
  });
}

/** Products in other formats, each by the law of its kernel, else by the one that its engine is priced with. */
function formatGroups(
  hardware: HardwareProfile,
  all: readonly GemmRow[],
  operation: KernelOperation,
  formats: readonly WeightFormat[],
): KernelGroup[] {
  const { kernels } = hardware.efficiency;
  const priced = formats.filter((format) => kernelsOf(hardware, format, '').length > 0);
  return productGroups(hardware, all, {
    operation,
    formats: priced,
    provenances: kernels.filter(({ format }) => formats.includes(format)).map(({ provenance }) => provenance),
    secondsOf: byKernel((row) => {
      const format = row.dtype as WeightFormat;
      const { bandwidth, flops, corner, depthS, tile, provenance } =
        kernels.find(isKernelOf(row)) ?? kernelsOf(hardware, format, familyOf(row))[0]!;
      const law = gemmLaw(format, peaksOf(hardware, format), true, tile);
      const parameters = [kernelTime(provenance, 't0'), bandwidth, flops, corner, depthS ?? 0];
      return (one) => law.seconds(one, parameters);
    }),
  });
}

interface Products extends Pick<Grouping<GemmRow>, 'operation' | 'provenances' | 'secondsOf'> {
  readonly formats: readonly WeightFormat[];
}

function productGroups(
  hardware: HardwareProfile,
  all: readonly GemmRow[],
  { formats, ...priced }: Products,
): KernelGroup[] {
  const { memoryBandwidthBytesPerS: bytesPerS, l2Bytes } = hardware.specification;
  return groupsOf(
    all.filter(({ dtype }) => isFormat(dtype) && formats.includes(dtype)),
    {
      ...priced,
      usable: (rows) => formatsOf(rows).flatMap((format) => gemmRows(rows, format, bytesPerS, l2Bytes)),
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
  const { specification: spec, efficiency } = hardware;
  const known = all.filter(({ dtype, groups }) => groups === 1 && isFormat(dtype));
  return groupsOf(known, {
    operation: 'experts',
    provenances: efficiency.experts.map(({ provenance }) => provenance),
    usable: (rows) =>
      formatsOf(rows).flatMap((format) =>
        expertRows(rows, format, spec.memoryBandwidthBytesPerS, spec.l2Bytes, MOST_TOKENS[0]),
      ),
    secondsOf: byKernel((row) => {
      const format = row.dtype as WeightFormat;
      const { fixedS, bandwidth, flops, eachS, sliver } =
        efficiency.experts.find(isKernelOf(row)) ?? expertKernel(hardware, format, familyOf(row));
      const law = expertLaw(format, peaksOf(hardware, format), { each: true, sliver: true });
      const parameters = [fixedS, bandwidth, flops, eachS, sliver];
      return (one) => law.seconds(one, parameters);
    }),
    settingOf: ({ hidden, ffn, perToken, count, tokens, routing }) =>
      `${perToken} of ${count} experts ${hidden} x ${ffn}, ${tokens} tokens, ${routing}`,
  });
}

function isFormat(dtype: string): dtype is WeightFormat {
  return Object.hasOwn(FORMATS, dtype);
}

function formatsOf(rows: readonly { readonly dtype: string }[]): WeightFormat[] {
  return [...new Set(rows.map(({ dtype }) => dtype))].filter(isFormat);
}

/** Prices rows of one kernel and format alike. */
function byKernel<Row extends Measured & { readonly dtype: string }>(
  pricing: (row: Row) => (row: Row) => number,
): (row: Row) => number {
  const known = new Map<string, (row: Row) => number>();
  return (row) => entry(known, `${row.dtype} ${row.engine} ${row.kernel}`, () => pricing(row))(row);
}

/** Whether a law is of the very kernel that a row measured. */
function isKernelOf({ dtype, engine, kernel }: Measured & { readonly dtype: string }) {
  return (law: Pick<Kernel, 'format' | 'engine' | 'provenance'>): boolean =>
    law.format === dtype && law.engine === engine && law.provenance.kernel === kernel;
}

/** `vllm 0.24.0` is of vllm. */
function familyOf({ engine }: Measured): string {
  return engine.split(' ')[0]!;
}

function peaksOf({ specification: spec }: HardwareProfile, format: WeightFormat) {
  const flopsPerS = spec.denseFlopsPerS[FORMATS[format].compute] ?? spec.denseFlopsPerS.bf16;
  return { bytesPerS: spec.memoryBandwidthBytesPerS, flopsPerS };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A time that was fitted beside the shares, in seconds; profiles keep it as `3.753e-6 s`. */
function kernelTime(provenance: Provenance | undefined, name: string): number {
  return Number.parseFloat(provenance?.kernelTimes?.[name] ?? '0');
}
