/** `specsim calibrate`: measurements in, a GPU profile and an engine profile with fitted numbers out. */
import { basename } from 'node:path';
import { calibrateOps } from '../cost/calibration/calibrate.ts';
import { withFitted } from '../cost/calibration/profile.ts';
import { joinOps, readOps } from '../cost/calibration/tables.ts';
import { parseEngine } from '../cost/engine-profile.ts';
import { UserError, unknownName } from '../errors.ts';
import { parseHardware, withKernels } from '../hardware/load.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import { readJson } from '../json.ts';
import { engineSections, gpuSections } from '../report/calibration.ts';
import { type Document, sentence } from '../report/document.ts';
import { textOf } from '../report/text.ts';
import { calibrateServing, withFittedTimes } from '../scenario/calibrate-serving.ts';
import { Documents } from '../scenario/documents.ts';
import { profileOf } from '../scenario/engine-versions.ts';
import type { Document as Source } from '../scenario/library.ts';
import { shippedModels } from '../scenario/models.ts';
import { DEFAULTS, type Options, parseOptions } from '../scenario/options.ts';
import { isPlainServing, readPlainServing } from '../scenario/plain-serving.ts';
import { selectServed } from '../scenario/served-rows.ts';
import { isBenchmark, readBenchmarks } from '../scenario/server-benchmark.ts';
import { readServing } from '../scenario/serving-table.ts';
import { folderLibrary } from './folder-library.ts';
import { readText } from './input.ts';
import { checkWritable, writeWhole } from './output.ts';

interface CalibrateRequest {
  readonly gpu: string;
  readonly ops: readonly string[];
  readonly serving: readonly string[];
  /** The engine profile whose times serving figures are fitted from; default: that of every command. */
  readonly engine: string | undefined;
  readonly framework: string | undefined;
  /** Of served rows: the one model that is taken. Of benchmarks: the model served, on so many GPUs, in that format. */
  readonly target: string | undefined;
  readonly tp?: string | undefined;
  readonly dtype?: string | undefined;
  readonly kernel: string | undefined;
  readonly system: string | undefined;
  /** Where the tables come from; default: what they say themselves, or their names. */
  readonly source: string | undefined;
  readonly keepUnphysical: boolean;
  /** The GPU profile to write, with tables of operations. */
  readonly out: string | undefined;
  /** The engine profile to write, with serving figures; default: beside `out`. */
  readonly engineOut: string | undefined;
}

/** @throws UserError before anything is written */
export async function calibrate(request: CalibrateRequest): Promise<void> {
  checkRequest(request);
  const { out } = request;
  const engineOut = request.engineOut ?? out?.replace(/(\.json)?$/, '.engine.json');
  if (out !== undefined) await checkWritable(out, '--out');
  if (request.serving.length > 0) await checkWritable(engineOut!, '--engine-out');
  const date = new Date().toISOString().slice(0, 10);
  const [device, ...others] = request.gpu.split(',') as [string, ...string[]];
  if (request.ops.length > 0 && others.length > 0) {
    throw new UserError(
      `--gpu ${request.gpu}: operations are those of one, expected --ops without the others`,
    );
  }
  const gpu = await profileDocument('gpu', device);
  const gpuFit = request.ops.length === 0 ? null : await fitGpu(request, gpu, date);
  const hardware = await withShippedKernels(
    await parseHardware(gpuFit?.profile ?? readJson(gpu), gpu.where),
    device,
  );
  const engineFit =
    request.serving.length === 0 ? null : await fitEngine(request, [device, ...others], hardware, date);
  if (gpuFit !== null) await writeWhole(out!, `${JSON.stringify(gpuFit.profile, null, 2)}\n`);
  if (engineFit !== null) await writeWhole(engineOut!, `${JSON.stringify(engineFit.profile, null, 2)}\n`);
  const written = [gpuFit && out, engineFit && engineOut].filter((path) => path != null);
  process.stdout.write(
    textOf([
      ...(gpuFit?.says ?? []),
      ...(engineFit?.says ?? []),
      written.map((path) => sentence(`wrote ${path}`)),
    ]),
  );
}

function checkRequest({ ops, serving, engine, out, engineOut }: CalibrateRequest): void {
  if (ops.length === 0 && serving.length === 0) {
    throw new UserError('calibrate: missing --ops or --serving, expected tables of measurements');
  }
  if (ops.length > 0 && out === undefined) {
    throw new UserError('--ops: missing --out, expected the gpu profile to write');
  }
  if (ops.length === 0 && out !== undefined) {
    throw new UserError(`--out ${out} has no effect without --ops: nothing of the gpu is fitted`);
  }
  const [name, path] = engine === undefined ? ['--engine-out', engineOut] : ['--engine', engine];
  if (serving.length === 0 && path !== undefined) {
    throw new UserError(`${name} ${path} has no effect without --serving: nothing of an engine is fitted`);
  }
  if (serving.length > 0 && out === undefined && engineOut === undefined) {
    throw new UserError('--serving: missing --engine-out, expected the engine profile to write');
  }
}

/** A profile to write, and what to print of it. */
interface Fit {
  readonly profile: Record<string, unknown>;
  readonly says: Document;
}

async function fitGpu(request: CalibrateRequest, gpu: Source, date: string): Promise<Fit> {
  const json = readJson(gpu) as Record<string, unknown>;
  const hardware = await parseHardware(json, gpu.where);
  const texts = await Promise.all(request.ops.map((path) => readText(path, `--ops ${path}`)));
  const models = await (await shippedModels(folderLibrary)).all();
  const tables = texts.map((text, i) => readOps(text, request.ops[i]!, models));
  const { fitted, leftOut } = calibrateOps(hardware, joinOps(tables), {
    framework: request.framework ?? null,
    kernel: request.kernel ?? null,
    system: request.system ?? null,
    source: request.source ?? sourceOf(request.ops, tables),
    date,
    keepUnphysical: request.keepUnphysical,
  });
  // The file's name would become the name of a profile without one.
  const profile = withFitted({ name: hardware.name, ...json }, fitted);
  await parseHardware(profile, request.out!);
  return { profile, says: gpuSections(hardware.label, fitted, leftOut) };
}

/** @param gpus of a table of served loads; the first is that of all other figures, and of the profile */
async function fitEngine(
  request: CalibrateRequest,
  gpus: readonly [string, ...string[]],
  hardware: HardwareProfile,
  date: string,
): Promise<Fit> {
  const texts = await Promise.all(request.serving.map((path) => readText(path, `--serving ${path}`)));
  const server = serverOf(request, texts.some(isBenchmark));
  const selected = texts.map((text, i) => {
    const where = request.serving[i]!;
    if (server !== null && isBenchmark(text)) return readBenchmarks(text, where, server);
    return isPlainServing(text)
      ? selectServed(readPlainServing(text, where), request, [hardware.name, ...gpus.slice(1)], where)
      : null;
  });
  const tables = texts.map((text, i) => selected[i] ?? readServing(text, request.serving[i]!));
  const engine =
    request.engine ??
    frameworkOf(request) ??
    selected.find((one) => one !== null)?.profile ??
    DEFAULTS.engine;
  const json = readJson(await profileDocument('engine', engine)) as Record<string, unknown>;
  const fit = await calibrateServing(
    { gpu: gpus[0], engine, hardware },
    tables.flatMap(({ figures }) => figures),
    folderLibrary,
  );
  const source = request.source ?? sourceOf(request.serving, tables);
  const profile = withFittedTimes(json, fit, { device: hardware.name, source, date });
  await parseEngine(profile, 'engine');
  const leftOut = selected.flatMap((one) => one?.leftOut ?? []).map((what) => sentence(`left out: ${what}`));
  return { profile, says: [...engineSections(`${json.label} on ${hardware.label}`, fit), leftOut] };
}

/** The server whose benchmarks are read; null where there are none. */
function serverOf({ target, tp, dtype }: CalibrateRequest, benchmarks: boolean): Options | null {
  if (!benchmarks) {
    const [name, value] = tp === undefined ? ['--dtype', dtype] : ['--tp', tp];
    if (value === undefined) return null;
    throw new UserError(`${name} ${value} has no effect without a benchmark's JSON in --serving`);
  }
  if (target === undefined) {
    throw new UserError(
      '--serving: missing --target, expected the model that was benchmarked, with --tp for more GPUs than one',
    );
  }
  const given = { target, ...(tp !== undefined && { tp }), ...(dtype !== undefined && { dtype }) };
  return parseOptions(given, (key) => `--${key}`);
}

/** The profile of a framework that was named with benchmarks alone, which have no rows of others. */
function frameworkOf({ framework }: CalibrateRequest): string | null {
  const [engine = '', version = ''] = (framework ?? '').split('/');
  return profileOf(engine, version, '');
}

/** A GPU that ships with the kernels that ship beside it, as every run takes it. */
async function withShippedKernels(hardware: HardwareProfile, named: string): Promise<HardwareProfile> {
  const kernels = await new Documents(folderLibrary).kernels(named);
  return kernels === null ? hardware : withKernels(hardware, readJson(kernels), kernels.where);
}

async function profileDocument(kind: 'gpu' | 'engine', named: string): Promise<Source> {
  const names = await folderLibrary.names(kind);
  const found = names.includes(named)
    ? await folderLibrary.profile(kind, named)
    : await folderLibrary.file(named);
  if (found !== null) return found;
  if (/[/\\]|\.json$/.test(named)) throw new UserError(`${kind} ${named}: no such file`);
  throw unknownName(kind, named, names);
}

function sourceOf(
  paths: readonly string[],
  tables: readonly { readonly comments: ReadonlyMap<string, string> }[],
): string {
  const own = tables.map(({ comments }, i) => {
    const said = ['source', 'device', 'date'].flatMap((key) => comments.get(key) ?? []);
    return said.length > 0 ? said.join(', ') : basename(paths[i]!);
  });
  return [...new Set(own)].join('; ');
}
