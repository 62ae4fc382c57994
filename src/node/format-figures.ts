/** Sets of `specsim validate` of number formats: matrix products over bf16's, and KV caches. Figures in validation/beyond. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readSheet, type Sheet } from '../cost/calibration/sheet.ts';
import { gemmRates, gemmSeconds } from '../cost/kernels.ts';
import type { HardwareProfile, Provenance } from '../hardware/profile.ts';
import { gemm } from '../model/layer.ts';
import { KV_BYTES, type KvFormat, type WeightFormat } from '../number-formats.ts';
import { gatherInputs } from '../scenario/inputs.ts';
import { completeScenario, type Options } from '../scenario/options.ts';
import { runPoints } from '../scenario/run.ts';
import { type EnginePoint, enginePoint } from './engine-figures.ts';
import { folderLibrary } from './folder-library.ts';

/** A table of validation/beyond. */
export function beyondSheet(name: string): Sheet {
  const path = fileURLToPath(new URL(`../../validation/beyond/${name}`, import.meta.url));
  return readSheet(readFileSync(path, 'utf8'), name);
}

/** Bytes in bf16 above which a weight counts in the published medians. */
const LARGE_BYTES = 60e6;

/** Outputs by inputs of weights, as the tables have them. */
const WEIGHTS = [4096, 6144, 8192, 12288, 16384, 28672].flatMap((n) =>
  [4096, 6144, 8192, 12288, 16384].flatMap((k) => (2 * n * k > LARGE_BYTES ? [{ n, k }] : [])),
);

/** Speed of products in a format over bf16, by rows: medians over large weights. */
export async function formatPoints(): Promise<EnginePoint[]> {
  const points: EnginePoint[] = [];
  for (const row of beyondSheet('format-kernels.csv').rows()) {
    const [gpu, format, engine] = [row.text('gpu'), row.text('format') as WeightFormat, row.text('engine')];
    const { hardware } = await gatherInputs(
      completeScenario({ gpu, dtype: format, method: ['none'] }),
      folderLibrary,
    );
    const rows = row.positive('rows');
    const predicted = speedOver(hardware, format, engine, rows);
    points.push(enginePoint(`${gpu} ${format} ${engine}, ${rows} rows`, row.positive('speedup'), predicted));
  }
  return points;
}

function speedOver(hardware: HardwareProfile, format: WeightFormat, engine: string, rows: number): number {
  const { efficiency, provenance } = hardware;
  const kernel = efficiency.kernels.find((one) => one.format === format && one.engine.startsWith(engine))!;
  const only = { ...hardware, efficiency: { ...efficiency, kernels: [kernel] } };
  const plainS = fixedS(provenance['efficiency.gemm.bf16']);
  const ownS = fixedS(kernel.provenance);
  const ratios = WEIGHTS.map(({ n, k }) => {
    const seconds = (of: WeightFormat) => gemmSeconds(gemm('', n, k, 1, of), rows, gemmRates(only, of));
    return (seconds('bf16') + plainS) / (seconds(format) + ownS);
  });
  return ratios.toSorted((a, b) => a - b)[ratios.length >> 1]!;
}

/** Of a product in the kernel tables that a law was fitted to, beside bytes and FLOPs. */
function fixedS(of: Provenance | undefined): number {
  return Number.parseFloat(of?.kernelTimes?.t0 ?? '0');
}

const OUTPUT = 100;

const KV_SERVED: Options = {
  target: 'llama-3.1-8b',
  gpu: 'h100-sxm',
  engine: 'vllm-0.19',
  method: ['none'],
  batch: [1],
  requests: 1,
  outputLen: OUTPUT,
};

/** Tokens of prompt between which the time between tokens grows. */
const SHORT = 1000;
const LONG = 60_000;

/** How the time between tokens grows with the context, and where it begins, in ms. */
export async function kvPoints(): Promise<EnginePoint[]> {
  const points: EnginePoint[] = [];
  for (const row of beyondSheet('kv-formats.csv').rows()) {
    const kv = row.text('kv') as KvFormat;
    const [atShort, atLong] = [await stepMs(kv, SHORT), await stepMs(kv, LONG)];
    const slope = (atLong - atShort) / (LONG - SHORT);
    const bytes = `${KV_BYTES[kv]} B a number`;
    points.push(
      enginePoint(
        `${kv} (${bytes}), slope, ns a token`,
        1e6 * row.positive('slope_ms_per_token'),
        1e6 * slope,
      ),
      enginePoint(
        `${kv} (${bytes}), intercept, ms`,
        row.positive('intercept_ms'),
        atShort - slope * (SHORT + OUTPUT / 2),
      ),
    );
  }
  return points;
}

async function stepMs(kvDtype: KvFormat, promptLen: number): Promise<number> {
  const scenario = completeScenario({ ...KV_SERVED, kvDtype, promptLen });
  const { step_ms: step } = runPoints(await gatherInputs(scenario, folderLibrary)).rows[0]!;
  return step!.draft + step!.verify + step!.sampling + step!.overhead;
}
