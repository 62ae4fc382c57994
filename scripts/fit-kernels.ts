/**
 * Fits the laws of kernels to tables of ai-dynamo/aiconfigurator, and writes hardware-profiles/kernels. A law is fitted to
 * every second shape and judged on the others.
 *
 *   npx tsx scripts/fit-kernels.ts OPS_DIR [GPU ...]
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { valuesOf } from '../src/cost/calibration/calibrate.ts';
import { expertLaw, expertRows, MOST_TOKENS } from '../src/cost/calibration/experts.ts';
import { gemmLaw, gemmRows } from '../src/cost/calibration/gemm.ts';
import { type FittedLaw, fitLaw, type Law, meanError } from '../src/cost/calibration/law.ts';
import type { AllReduceRow, ExpertsRow, GemmRow, Measured } from '../src/cost/calibration/rows.ts';
import { readOps } from '../src/cost/calibration/tables.ts';
import { UserError } from '../src/errors.ts';
import { parseHardware, withKernels } from '../src/hardware/load.ts';
import type { HardwareProfile } from '../src/hardware/profile.ts';
import { grouped } from '../src/memo.ts';
import { FORMATS, WEIGHT_FORMATS, type WeightFormat } from '../src/number-formats.ts';

const [folder, ...gpus] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: npx tsx scripts/fit-kernels.ts OPS_DIR [GPU ...]');

/**
 * Engines in the order in which a GPU's kernels are taken where an engine has none of its own. TensorRT-LLM's operators
 * over experts were measured under others on Blackwell, with the least around them under SGLang.
 */
const ENGINES = ['sglang', 'vllm', 'trtllm'];
/** Experts in mxfp4 take activations in fp8 where there are kernels that do; the other kernels are left out there. */
const WITH_FP8 = 'w4a8_mxfp4_mxfp8';
/** Fewer rows say too little of a kernel. */
const LEAST_ROWS = 40;

interface Fit {
  readonly values: Readonly<Record<string, number>>;
  readonly provenance: Readonly<Record<string, unknown>> & { readonly meanError: number };
}

/** How rows of one format are fitted: selections of them to try, and laws for each. */
interface Fitting<Row> {
  readonly selections: readonly ((rows: readonly Row[]) => readonly Row[])[];
  readonly lawsOf: (rows: readonly Row[]) => readonly Law<Row>[];
  readonly rangeOf: (rows: readonly Row[]) => object;
}

/** A law for each engine among rows, of the kernel with most rows that tells one. */
function fits<Row extends Measured>(rows: readonly Row[], fitting: Fitting<Row>, system: string): Fit[] {
  const kernels = [...grouped(rows, ({ engine, kernel }) => `${engine}\n${kernel}`).values()];
  const rank = ({ engine }: Measured) => ENGINES.indexOf(engine.split(' ')[0]!);
  kernels.sort((a, b) => rank(a[0]!) - rank(b[0]!) || b.length - a.length);
  const found = new Map<string, Fit>();
  for (const all of kernels) {
    const { engine } = all[0]!;
    for (const select of fitting.selections) {
      if (found.has(engine)) break;
      const fit = fitKernel(select(all), fitting, system);
      if (fit !== null) found.set(engine, fit);
    }
  }
  return [...found.values()];
}

function fitKernel<Row extends Measured>(
  own: readonly Row[],
  { lawsOf, rangeOf }: Pick<Fitting<Row>, 'lawsOf' | 'rangeOf'>,
  system: string,
): Fit | null {
  if (own.length < LEAST_ROWS) return null;
  const laws = lawsOf(own);
  const { group } = laws[0]!;
  const shapes = [...new Set(own.map(group))].sort(bySize);
  const fitted = new Set(shapes.filter((_, i) => i % 2 === 0));
  const inFit = own.filter((row) => fitted.has(group(row)));
  const left = own.filter((row) => !fitted.has(group(row)));
  const found = firstFit(laws, inFit);
  if (found === null) return null;
  const { law, fit } = found;
  const values = valuesOf(fit);
  const heldOutError = left.length === 0 ? null : meanError(law, left, Object.values(values));
  const { engine, kernel } = own[0]!;
  console.log(
    `${system} ${law.name} ${engine} ${kernel}: ${own.length} rows, ${percent(fit.meanError)} fitted, ${heldOutError === null ? 'none' : percent(heldOutError)} left out`,
  );
  return {
    values,
    provenance: {
      source: `ai-dynamo/aiconfigurator kernel tables, system ${system}`,
      engine,
      kernel,
      rows: inFit.length,
      meanError: round(fit.meanError),
      ...(heldOutError !== null && {
        heldOutError: round(heldOutError),
        heldOut: `every second of ${shapes.length} ${law.groups}`,
      }),
      range: rangeOf(own),
      date: new Date().toISOString().slice(0, 10),
      law: law.formula,
      ...(fit.pinned.length > 0 && { note: `held at the end of its range: ${fit.pinned.join(', ')}` }),
    },
  };
}

/** The first law that the rows tell; null where they tell none. */
function firstFit<Row extends Measured>(
  laws: readonly Law<Row>[],
  rows: readonly Row[],
): { law: Law<Row>; fit: FittedLaw } | null {
  for (const law of laws) {
    try {
      return { law, fit: fitLaw(law, rows, { keepUnphysical: false, heldOut: false }) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      console.log(`${rows[0]!.engine} ${rows[0]!.kernel}: ${error.message}`);
    }
  }
  return null;
}

/** Numbers in names by their size, so that every second shape lies between two others. */
const bySize = new Intl.Collator('en', { numeric: true }).compare;

function expertsOf({ specification }: HardwareProfile, system: string): object[] {
  const measured = table('moe', system).experts;
  const inFp8 = measured.filter(({ dtype }) => dtype === WITH_FP8).map((row) => ({ ...row, dtype: 'mxfp4' }));
  const experts =
    inFp8.length === 0 ? measured : [...measured.filter(({ dtype }) => dtype !== 'mxfp4'), ...inFp8];
  return WEIGHT_FORMATS.flatMap((format) => {
    const flopsPerS = rateOf(specification, format);
    const { memoryBandwidthBytesPerS: bytesPerS, l2Bytes } = specification;
    const fitting: Fitting<ExpertsRow> = {
      selections: MOST_TOKENS.map((most) => (rows) => expertRows(rows, format, bytesPerS, l2Bytes, most)),
      lawsOf(rows) {
        const sliver = new Set(rows.map(({ ffn }) => ffn)).size > 1;
        const each = new Set(rows.map(({ count }) => count)).size > 1;
        return (each ? [true, false] : [false]).map((one) =>
          expertLaw(format, { bytesPerS, flopsPerS }, { each: one, sliver }),
        );
      },
      rangeOf: (rows) => ({
        tokens: spanOf(rows.map(({ tokens }) => tokens)),
        ffn: spanOf(rows.map(({ ffn }) => ffn)),
      }),
    };
    const own = experts.filter(({ dtype }) => dtype === format);
    return fits(own, fitting, system).map(({ values, provenance }) => ({
      format,
      fixed: `${round(1e6 * values.t0!)}e-6 s`,
      ...((values.each ?? 0) > 0 && { each: `${round(1e6 * values.each!)}e-6 s` }),
      bandwidth: round(values.bandwidth!),
      flops: round(values.flops!),
      sliver: round(values.sliver ?? 0),
      provenance,
    }));
  });
}

/** A shipped law, as its file has it: which kernel it is of is kept, what it reaches is fitted anew. */
interface Shipped {
  readonly format: WeightFormat;
  readonly provenance: { readonly engine: string; readonly kernel: string };
}

/** Rows that a block may multiply at once; 1: rows are multiplied as they are. */
const TILES = [1, 64, 128, 256];
/** A tile is a further parameter, which has to lower the error by a tenth. */
const TILE_GAIN = 0.9;

/**
 * Matrix products by the kernels that the file lists, in its order: the first of a format stands in for the unknown. Those
 * whose rows tell no law are left out.
 */
function productsOf(
  shipped: readonly Shipped[],
  { specification }: HardwareProfile,
  system: string,
): object[] {
  const { memoryBandwidthBytesPerS: bytesPerS, l2Bytes } = specification;
  const measured = table('gemm', system).gemm;
  return shipped.flatMap(({ format, provenance: { engine, kernel } }) => {
    const own = measured.filter(
      (row) => row.dtype === format && row.engine === engine && row.kernel === kernel,
    );
    const rows = gemmRows(own, format, bytesPerS, l2Bytes);
    const peaks = { bytesPerS, flopsPerS: rateOf(specification, format) };
    const rangeOf = (of: readonly GemmRow[]) => ({
      tokens: spanOf(of.map(({ m }) => m)),
      weightBytes: spanOf(of.map(({ n, k }) => n * k * FORMATS[format].bytesPerWeight)),
    });
    const tried = TILES.flatMap((tile) => {
      const law = gemmLaw(format, peaks, true, tile);
      const parameters = law.parameters.map((parameter) => ({ ...parameter, holdable: true }));
      const fit = fitKernel(rows, { lawsOf: () => [{ ...law, parameters }], rangeOf }, system);
      return fit === null ? [] : [{ tile, fit }];
    });
    const judged = tried.map(({ tile, fit }) => ({
      ...{ tile, fit },
      error: fit.provenance.meanError * (tile === 1 ? TILE_GAIN : 1),
    }));
    const [best] = judged.sort((a, b) => a.error - b.error);
    if (best === undefined) return [];
    const { t0, bandwidth, flops, corner, depth } = best.fit.values;
    return {
      format,
      bandwidth: round(bandwidth!),
      flops: round(flops!),
      corner: round(corner!),
      depth: round(depth!),
      ...(best.tile > 1 && { tile: best.tile }),
      provenance: { ...best.fit.provenance, kernelTimes: { t0: `${round(1e6 * t0!)}e-6 s` } },
    };
  });
}

/** A gather and a scatter together, by number of GPUs: a line through the times of NCCL. */
function exchangeOf(gpu: string, system: string): object[] {
  const { collectives } = table('comm', 'collectives');
  return GROUPS.flatMap((gpus) => {
    const own = (kernel: string) =>
      collectives.filter((row) => row.system === system && row.gpus === gpus && row.kernel === kernel);
    const scatters = new Map(own('NCCL_reduce_scatter').map(({ bytes, seconds }) => [bytes, seconds]));
    const rows = own('NCCL_all_gather').flatMap((row) => {
      const seconds = scatters.get(row.bytes);
      return seconds === undefined ? [] : [{ ...row, seconds: row.seconds + seconds }];
    });
    if (rows.length < LEAST_SIZES) return [];
    const fit = fitLaw(lineLaw(gpus), rows, { keepUnphysical: false, heldOut: false });
    const { latency, rate } = valuesOf(fit);
    console.log(`${gpu} exchange of ${gpus}: ${rows.length} rows, ${percent(fit.meanError)} fitted`);
    return [
      {
        gpus,
        latency: `${round(1e6 * latency!)}e-6 s`,
        bandwidth: `${round(1e-9 * rate!)}e9 B/s`,
        provenance: {
          source: `ai-dynamo/aiconfigurator kernel tables, system ${system}`,
          engine: rows[0]!.engine,
          kernel: 'NCCL_all_gather and NCCL_reduce_scatter',
          rows: rows.length,
          meanError: round(fit.meanError),
          range: { bytes: spanOf(rows.map(({ bytes }) => bytes)) },
          date: new Date().toISOString().slice(0, 10),
          law: fit.formula,
        },
      },
    ];
  });
}

const GROUPS = [2, 4, 8];
const LEAST_SIZES = 10;

function lineLaw(gpus: number): Law<AllReduceRow> {
  return {
    name: `exchange of ${gpus} GPUs`,
    formula: 'latency + bytes / rate',
    parameters: [
      { name: 'latency', unit: 's', start: 30e-6, least: 0 },
      { name: 'rate', unit: 'B/s', start: 3e11, least: 0 },
    ],
    seconds: ({ bytes }, [latency, rate]) => latency! + bytes / rate!,
    group: ({ bytes }) => String(bytes),
    groups: 'sizes',
  };
}

function rateOf({ denseFlopsPerS }: HardwareProfile['specification'], format: WeightFormat): number {
  return denseFlopsPerS[FORMATS[format].compute] ?? denseFlopsPerS.bf16;
}

function table(operation: string, system: string): ReturnType<typeof readOps> {
  const file = `${folder}/${operation}/${system}.csv.gz`;
  return readOps(gunzipSync(readFileSync(file)).toString(), file, []);
}

function spanOf(values: readonly number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Number.POSITIVE_INFINITY, 0],
  );
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** `a100_sxm` is a100-sxm-80, every other system is named as its profile. */
const systems = readdirSync(`${folder}/moe`).map((file) => file.replace('.csv.gz', ''));
for (const system of systems) {
  const gpu = system === 'a100_sxm' ? 'a100-sxm-80' : system.replaceAll('_', '-');
  const path = `hardware-profiles/kernels/${gpu}.json`;
  if (!existsSync(path) || (gpus.length > 0 && !gpus.includes(gpu))) continue;
  const shipped = JSON.parse(readFileSync(path, 'utf8'));
  const profile = JSON.parse(readFileSync(`hardware-profiles/${gpu}.json`, 'utf8'));
  const hardware = await withKernels(await parseHardware(profile, `${gpu}.json`), shipped, path);
  const kernels = productsOf(shipped.kernels, hardware, system);
  const experts = expertsOf(hardware, system);
  const exchange = exchangeOf(gpu, system);
  writeFileSync(path, `${JSON.stringify({ ...shipped, kernels, experts, exchange }, null, 2)}\n`);
}
