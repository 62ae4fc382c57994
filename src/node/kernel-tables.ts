/**
 * The sets of `specsim validate` that are measured kernels. Their tables are nobody's to re-publish: they are read from
 * a folder that the user names, laid out as docs/validation.md says.
 */
import {
  KERNEL_OPERATIONS,
  type KernelGroup,
  type KernelOperation,
  kernelErrors,
} from '../cost/calibration/kernel-errors.ts';
import { joinOps, readOps } from '../cost/calibration/tables.ts';
import { UserError } from '../errors.ts';
import { Documents } from '../scenario/documents.ts';
import { shippedModels } from '../scenario/models.ts';
import { gpuOf } from '../scenario/placement.ts';
import { folderLibrary } from './folder-library.ts';
import { namesBelow, readText } from './input.ts';

/** GPUs with tables: the profile, its name in wide tables, and its name in LLMServingSim's; null without. */
const GPUS: Readonly<Record<string, { gpu: string; wide: string | null; layers: string | null }>> = {
  a100: { gpu: 'a100-sxm-80', wide: 'a100_sxm', layers: null },
  h100: { gpu: 'h100-sxm', wide: 'h100_sxm', layers: null },
  h200: { gpu: 'h200-sxm', wide: 'h200_sxm', layers: null },
  b200: { gpu: 'b200-sxm', wide: 'b200_sxm', layers: null },
  b300: { gpu: 'b300-sxm', wide: 'b300_sxm', layers: null },
  gb200: { gpu: 'gb200', wide: 'gb200', layers: null },
  gb300: { gpu: 'gb300', wide: 'gb300', layers: null },
  l40s: { gpu: 'l40s', wide: 'l40s', layers: null },
  b60: { gpu: 'b60', wide: 'b60', layers: null },
  'rtx-pro-6000': { gpu: 'rtx-pro-6000-server', wide: 'rtx_pro_6000_server', layers: 'RTXPRO6000' },
  'rtx-4090': { gpu: 'rtx-4090', wide: null, layers: 'RTX4090' },
};

export interface KernelSet extends KernelGroup {
  /** Such as `kernels-h100-gemm`. */
  readonly set: string;
  readonly gpu: string;
}

/** What a set is called. */
function kernelSetName(short: string, operation: KernelOperation): string {
  return `kernels-${short}-${operation}`;
}

export const KERNEL_SETS: readonly string[] = Object.keys(GPUS).flatMap((short) =>
  KERNEL_OPERATIONS.map((operation) => kernelSetName(short, operation)),
);

/**
 * The sets that the tables in a folder make: `gemm/`, `attn_decode/`, `moe/` hold a wide table a GPU, `comm/` one of
 * collectives, `llmservingsim/` layer times.
 *
 * @param only one set alone; null for all
 * @throws UserError for a folder that cannot be read or holds no table of the set, and for what is wrong in a table
 */
export async function kernelSets(folder: string, only: string | null): Promise<KernelSet[]> {
  const files = await namesBelow(folder, '--ops', 'a folder of kernel tables');
  const models = await (await shippedModels(folderLibrary)).all();
  const sets: KernelSet[] = [];
  for (const [short, { gpu, wide, layers }] of Object.entries(GPUS)) {
    if (only !== null && !KERNEL_OPERATIONS.some((operation) => kernelSetName(short, operation) === only))
      continue;
    const own = files
      .map((file) => file.replaceAll('\\', '/'))
      .filter((file) => isOf(file, wide, layers))
      .sort();
    const tables = await Promise.all(
      own.map(async (file) => readOps(await readText(`${folder}/${file}`), file, models)),
    );
    const groups = kernelErrors(await gpuOf(gpu, new Documents(folderLibrary)), joinOps(tables));
    sets.push(...groups.map((group) => ({ ...group, set: kernelSetName(short, group.operation), gpu })));
  }
  const chosen = sets.filter(({ set }) => only === null || set === only);
  if (chosen.length === 0) {
    throw new UserError(
      `--ops ${folder}: holds no table of ${only ?? 'any GPU'}, expected such as gemm/h100_sxm.csv.gz (docs/validation.md)`,
    );
  }
  return chosen;
}

function isOf(file: string, wide: string | null, layers: string | null): boolean {
  const [, folder, name] = /^([^/]+)\/([^/]+)\.csv(?:\.gz)?$/.exec(file) ?? [];
  if (name === undefined) return false;
  if (folder === 'comm') return wide !== null && name === 'collectives';
  if (folder === 'llmservingsim') {
    return (
      layers !== null && name.startsWith(`${layers}__`) && /__(dense|per_sequence|attention)$/.test(name)
    );
  }
  return ['gemm', 'attn_decode', 'moe'].includes(folder!) && name === wide;
}
