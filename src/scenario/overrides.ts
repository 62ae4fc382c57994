/**
 * What-if values (`--set PATH=VALUE`): written into the documents of the GPU and the engine before they are
 * read, so that they are checked like anything a file says. Paths are those of the files, with `engine.` or
 * `hardware.` before them and without `specification.`.
 */
import * as z from 'zod/mini';
import { type EngineProfile, engineSchema, parseEngine } from '../cost/engine-profile.ts';
import {
  ALL_REDUCE,
  FIELDS,
  type Field,
  scaled as fieldScaled,
  isFactor,
  type Machine,
} from '../cost/fields.ts';
import { UserError, unknownName } from '../errors.ts';
import { parseHardware } from '../hardware/load.ts';
import type { GemmEfficiency, HardwareProfile } from '../hardware/profile.ts';
import { hardwareSchema } from '../hardware/schema.ts';
import { parseQuantity, type SiUnit, shownQuantity, unitOf } from '../units.ts';
import { got } from '../validate.ts';
import { TARGET_PATHS } from './target-overrides.ts';

/** A parsed JSON file and what to call it in an error. */
interface ProfileFile {
  readonly where: string;
  readonly json: unknown;
}

/** One override as it was understood: the values it changed, in SI; none for a factor on all-reduce laws. */
export interface Override {
  readonly path: string;
  readonly written: string;
  readonly changed: readonly ChangedValue[];
}

interface ChangedValue {
  readonly path: string;
  readonly unit: SiUnit | null;
  /** Null where the file has no value. */
  readonly before: number | null;
  readonly after: number;
}

export interface Profiles {
  readonly hardware: HardwareProfile;
  readonly engine: EngineProfile;
  readonly overrides: readonly Override[];
}

type Part = 'specification' | 'efficiency' | 'engine' | 'kernels';

interface Settable {
  readonly path: string;
  readonly part: Part;
  /** Where the value stands in its file. */
  readonly keys: readonly string[];
  /** Null for a share or a count. */
  readonly unit: SiUnit | null;
  /** A count, which has to be whole. */
  readonly whole: boolean;
}

const SETTABLE: ReadonlyMap<string, Settable> = new Map(
  [
    ...leaves(hardwareSchema.shape.specification, 'specification', ['specification']),
    ...leaves(hardwareSchema.shape.efficiency, 'efficiency', ['efficiency']),
    ...leaves(z.omit(engineSchema, { calibration: true }), 'engine', []),
  ].map((leaf) => [leaf.path, leaf]),
);

/** Paths of several values that a factor scales together; of those, a file may lack some. */
const GROUPS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  FIELDS.filter(({ of }) => of.length > 1).map(({ path, of }) => [path, of.map((one) => one.path)]),
);

/** Factors on kernels, whichever is priced. */
const FACTORS: ReadonlyMap<string, Field> = new Map(
  FIELDS.filter(isFactor).map((field) => [field.path, field]),
);

/** A profile holds these, and no price depends on them. */
const UNUSED = ['hardware.denseFlops.fp4', 'hardware.l2', 'hardware.streamingMultiprocessors'];

/** Every path that `--set` knows. */
export const SETTABLE_PATHS: readonly string[] = [
  ...[...SETTABLE.keys()].filter((path) => !UNUSED.includes(path)),
  ...Object.keys(GROUPS),
  ...FACTORS.keys(),
  ...TARGET_PATHS,
  ALL_REDUCE,
];

/** No GPU on the market or announced lies beyond these; SI. */
const PHYSICAL: readonly {
  readonly path: string;
  readonly of: (gpu: HardwareProfile['specification']) => number | null | undefined;
  readonly unit: SiUnit;
  readonly least: number;
  readonly greatest: number;
}[] = [
  {
    path: 'hardware.memoryCapacity',
    of: (gpu) => gpu.memoryCapacityBytes,
    unit: 'B',
    least: 4e9,
    greatest: 4e12,
  },
  {
    path: 'hardware.memoryBandwidth',
    of: (gpu) => gpu.memoryBandwidthBytesPerS,
    unit: 'B/s',
    least: 5e10,
    greatest: 5e13,
  },
  {
    path: 'hardware.denseFlops.bf16',
    of: (gpu) => gpu.denseFlopsPerS.bf16,
    unit: 'FLOP/s',
    least: 1e12,
    greatest: 5e16,
  },
  {
    path: 'hardware.denseFlops.fp8',
    of: (gpu) => gpu.denseFlopsPerS.fp8,
    unit: 'FLOP/s',
    least: 1e12,
    greatest: 1e17,
  },
  {
    path: 'hardware.linkBandwidth',
    of: (gpu) => gpu.linkBandwidthBytesPerS,
    unit: 'B/s',
    least: 1e9,
    greatest: 1e13,
  },
];

/**
 * Reads the profiles of a GPU and an engine with overrides in place. A factor on what a GPU's file leaves out
 * (an efficiency) scales the default that stands in for it, after changes of the specification.
 *
 * @param set values by path: a factor such as `1.2x`, a quantity with its unit, or a plain number
 * @throws UserError for an unknown path, and for a value of the wrong kind, dimension or size
 */
export async function readProfiles(
  gpu: ProfileFile,
  engine: ProfileFile,
  set: Readonly<Record<string, string>>,
): Promise<Profiles> {
  const wanted = Object.entries(set)
    .filter(([path]) => !TARGET_PATHS.includes(path))
    .map(([path, written]) => ({ path, written, part: partOf(path) }));
  const overrides: Override[] = [];
  const of = (part: Part) => wanted.filter((one) => one.part === part);

  let hardware = await parseHardware(gpu.json, gpu.where);
  const gpuTree = structuredClone(gpu.json) as Tree;
  for (const one of [...of('specification'), ...of('efficiency')]) {
    if (one.part === 'efficiency') fillEfficiency(gpuTree, hardware);
    overrides.push(await change(gpuTree, one.path, one.written, `gpu ${hardware.name}`));
    hardware = await reread(parseHardware, gpuTree, gpu.where, one);
  }
  let engineProfile = await parseEngine(engine.json, engine.where);
  // The one time that is not zero where a file leaves it out.
  const defaults = { productLaunch: { value: engineProfile.productLaunchS, unit: 's' } };
  const engineTree: Tree = { ...defaults, ...structuredClone(engine.json as Tree) };
  for (const one of of('engine')) {
    overrides.push(await change(engineTree, one.path, one.written, `engine ${engineProfile.name}`));
    engineProfile = await reread(parseEngine, engineTree, engine.where, one);
  }
  let machine: Machine = { hardware, engine: engineProfile };
  for (const { path, written } of of('kernels')) {
    const factor = factorOf(written, `--set ${path}=${written}`);
    if (factor === null) throw expectedFactor(path, written);
    machine = fieldScaled(FACTORS.get(path)!, machine, factor);
    overrides.push({ path, written, changed: [] });
  }
  return { ...machine, overrides };
}

/** Warnings about values that no GPU has, whether a file states them or `--set` does. */
export function implausible({ hardware, overrides }: Profiles): string[] {
  return PHYSICAL.flatMap(({ path, of, unit, least, greatest }) => {
    const value = of(hardware.specification) ?? null;
    if (value === null || (value >= least && value <= greatest)) return [];
    const set = overrides.find(({ changed }) => changed.some((one) => one.path === path));
    const where =
      set === undefined
        ? `gpu ${hardware.name}: ${path.replace('hardware.', '')}`
        : `--set ${set.path}=${set.written}`;
    const [has, from, to] = [value, least, greatest].map((one) => shownQuantity(one, unit));
    return `${where}: ${has} is out of physical range, GPUs lie between ${from} and ${to}`;
  });
}

type Tree = { [key: string]: unknown };

/** Reads a changed document; what is wrong with it is the change's fault, not the file's. */
async function reread<T>(
  parse: (json: unknown, where: string) => Promise<T>,
  tree: Tree,
  where: string,
  { path, written }: { readonly path: string; readonly written: string },
): Promise<T> {
  try {
    return await parse(tree, where);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`--set ${path}=${written}: ${error.message.replace(`${where}: `, '')}`);
  }
}

function leaves(schema: z.ZodMiniType, part: Part, keys: readonly string[]): Settable[] {
  const inner = schema instanceof z.ZodMiniOptional ? (schema.def.innerType as z.ZodMiniType) : schema;
  const unit = unitOf(inner) ?? null;
  if (unit !== null || inner instanceof z.ZodMiniNumber) {
    const whole = inner instanceof z.ZodMiniNumberFormat;
    return [{ path: pathOf(part, keys), part, keys, unit, whole }];
  }
  if (!(inner instanceof z.ZodMiniObject)) return [];
  return Object.entries(inner.shape as z.core.$ZodShape)
    .filter(([key]) => key !== 'provenance')
    .flatMap(([key, of]) => leaves(of as z.ZodMiniType, part, [...keys, key]));
}

function pathOf(part: Part, keys: readonly string[]): string {
  const short = keys.filter((key) => key !== 'specification' && key !== 'share');
  return [part === 'engine' ? 'engine' : 'hardware', ...short].join('.');
}

function partOf(path: string): Part {
  if (UNUSED.includes(path)) throw new UserError(`--set ${path}: no effect, no price depends on it`);
  if (path === ALL_REDUCE) return 'efficiency';
  if (FACTORS.has(path)) return 'kernels';
  const first = SETTABLE.get(GROUPS[path]?.[0] ?? path);
  if (first === undefined) {
    throw new UserError(`--set: ${unknownName('path', path, SETTABLE_PATHS).message}`);
  }
  return first.part;
}

async function change(tree: Tree, path: string, written: string, owner: string): Promise<Override> {
  const flag = `--set ${path}=${written}`;
  const factor = factorOf(written, flag);
  const group = GROUPS[path];
  if ((group !== undefined || path === ALL_REDUCE) && factor === null) {
    throw expectedFactor(path, written);
  }
  if (path === ALL_REDUCE) {
    scaleAllReduce(tree, factor!, flag, owner);
    return { path, written, changed: [] };
  }
  const changed: ChangedValue[] = [];
  for (const leaf of (group ?? [path]).map((one) => SETTABLE.get(one)!)) {
    const before = await valueAt(tree, leaf, owner);
    if (before === null && group !== undefined) continue;
    if (before === null && factor !== null) {
      throw new UserError(`${flag}: ${owner} has none to multiply, expected ${expected(leaf)}`);
    }
    const after = factor === null ? await absolute(leaf, written, flag) : scaled(leaf, before!, factor, flag);
    write(tree, leaf, after, written);
    changed.push({ path: leaf.path, unit: leaf.unit, before, after });
  }
  return { path, written, changed };
}

function expectedFactor(path: string, written: string): UserError {
  return new UserError(
    `--set ${path}=${written}: got ${got(written)}, expected a factor such as 1.2x, as it changes several values`,
  );
}

/** The factor of a relative value, null for an absolute one. */
function factorOf(written: string, flag: string): number | null {
  const number = /^\s*(\S+?)\s*x\s*$/i.exec(written)?.[1];
  if (number === undefined || Number.isNaN(Number(number))) return null;
  const factor = Number(number);
  if (factor > 0 && Number.isFinite(factor)) return factor;
  throw new UserError(`${flag}: got ${got(written)}, expected a factor above 0 such as 1.2x`);
}

async function absolute(leaf: Settable, written: string, flag: string): Promise<number> {
  if (leaf.unit !== null) {
    try {
      return await parseQuantity(written, leaf.unit, flag);
    } catch (error) {
      throw error instanceof UserError ? new UserError(`${error.message}, or a factor such as 1.2x`) : error;
    }
  }
  if (written.trim() === '' || Number.isNaN(Number(written))) {
    throw new UserError(`${flag}: got ${got(written)}, expected ${expected(leaf)}`);
  }
  return Number(written);
}

/** 15 digits: 1.1 x 3 is 3.3. */
function scaled({ unit, whole }: Settable, before: number, factor: number, flag: string): number {
  const product = Number((before * factor).toPrecision(15));
  if (product > 0 && Number.isFinite(product)) return whole ? Math.round(product) : product;
  throw new UserError(
    `${flag}: got ${product} ${unit ?? ''}, expected a factor that leaves it positive and finite`,
  );
}

function expected({ unit, whole }: Settable): string {
  if (unit !== null) return `a quantity in ${unit}`;
  return whole ? 'a whole number, or a factor such as 2x' : 'a number such as 0.9, or a factor such as 1.1x';
}

async function valueAt(tree: Tree, leaf: Settable, owner: string): Promise<number | null> {
  const value = leaf.keys.reduce<unknown>((of, key) => (of as Tree | undefined)?.[key], tree);
  if (value === undefined) return null;
  return leaf.unit === null ? (value as number) : parseQuantity(value, leaf.unit, `${owner}: ${leaf.path}`);
}

/** Puts a value in its place, and says so where its source stands. */
function write(tree: Tree, { keys, unit }: Settable, value: number, written: string): void {
  let holder = tree;
  for (const key of keys.slice(0, -1)) {
    holder[key] ??= {};
    holder = holder[key] as Tree;
  }
  const key = keys.at(-1)!;
  const source = (of: unknown) => (of as { source?: string } | undefined)?.source ?? 'no source given';
  if (unit !== null) {
    holder[key] = { value, unit, source: `set to ${written}; before: ${source(holder[key])}` };
    return;
  }
  holder[key] = value;
  if (holder.provenance !== undefined) {
    const provenance = holder.provenance as { source: string };
    holder.provenance = { ...provenance, source: `${provenance.source}; ${key} set to ${written}` };
  }
}

function lawOf({ depthS, ...law }: GemmEfficiency): object {
  return { ...law, ...(depthS !== undefined && { depth: depthS }) };
}

/** Writes the efficiency that stands in for what the file leaves out into it, with its source. */
function fillEfficiency(tree: Tree, { specification, efficiency, provenance }: HardwareProfile): void {
  const file = (tree.efficiency ?? {}) as { [key: string]: Tree | undefined };
  const source = (path: string) => ({ source: provenance[path]!.source });
  tree.efficiency = {
    gemm: {
      bf16: { ...lawOf(efficiency.gemm.bf16), provenance: source('efficiency.gemm.bf16') },
      ...(specification.denseFlopsPerS.fp8 !== undefined && {
        fp8: { ...lawOf(efficiency.gemm.fp8), provenance: source('efficiency.gemm.fp8') },
      }),
      ...file.gemm,
    },
    ...(file.kernels && { kernels: file.kernels }),
    attention: {
      bandwidth: {
        share: efficiency.attention.bandwidth,
        provenance: source('efficiency.attention.bandwidth'),
      },
      flops: { share: efficiency.attention.flops, provenance: source('efficiency.attention.flops') },
      ...file.attention,
    },
    allReduce: efficiency.allReduce.map((law) => ({
      gpus: law.gpus,
      lines: law.lines.map((line) => ({
        latency: { value: line.latencyS, unit: 's' },
        bandwidth: { value: line.bytesPerS, unit: 'B/s' },
      })),
      provenance: provenance[`efficiency.allReduce.${law.gpus}`],
    })),
  };
}

interface Law {
  lines: { latency: { value: number; unit: string }; bandwidth: { value: number; unit: string } }[];
  provenance: { source: string };
}

function scaleAllReduce(tree: Tree, factor: number, flag: string, owner: string): void {
  const laws = (tree.efficiency as { allReduce: Law[] }).allReduce;
  if (laws.length === 0)
    throw new UserError(`${flag}: ${owner} has no link, expected a hardware.linkBandwidth`);
  for (const law of laws) {
    for (const { latency, bandwidth } of law.lines) {
      latency.value /= factor;
      bandwidth.value *= factor;
    }
    law.provenance = { ...law.provenance, source: `${law.provenance.source}; made ${factor} times as fast` };
  }
}
