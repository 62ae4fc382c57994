/** From the JSON of a hardware profile to the profile: units made SI, defaults filled in, sources kept. */
import { UserError } from '../errors.ts';
import { parseQuantity, type Quantity, type SiUnit } from '../units.ts';
import { validate } from '../validate.ts';
import { defaultEfficiency, groupSizes, ringAllReduce, ringAssumption } from './defaults.ts';
import type {
  AllReduceLaw,
  Calibration,
  ExpertKernel,
  GemmEfficiency,
  HardwareProfile,
  Kernel,
  Provenance,
} from './profile.ts';
import { type HardwareFile, hardwareSchema, kernelsSchema } from './schema.ts';

/**
 * Checks and completes a hardware profile. Efficiency that the file leaves out is its generation's
 * (`calibration: 'generation'`) or generic (`'data sheet only'`); only efficiency that the file gives with
 * rows and error of its fit, for bf16 matrix products and for attention, counts as `'kernel tables'`.
 *
 * @param where the file's name or path; it starts every error, and its base is the default name
 * @throws UserError for a key, value, unit or dimension that does not fit
 */
export async function parseHardware(json: unknown, where: string): Promise<HardwareProfile> {
  const file = validate(hardwareSchema, json, where);
  const provenance: Record<string, Provenance> = {};
  const name = file.name ?? baseName(where);
  const specification = await siSpecification(file.specification, where, provenance);
  const efficiency = {
    ...shares(file, where, provenance),
    kernels: kernelsOf(file.efficiency?.kernels ?? []),
    experts: await expertsOf(file.efficiency?.experts ?? [], where),
    exchange: await exchangeOf(file.efficiency?.exchange ?? [], where),
    allReduce: await allReduceLaws(file, specification.linkBandwidthBytesPerS, where, provenance),
  };
  return deepFreeze({
    name,
    label: file.label ?? name,
    architecture: file.architecture ?? 'other',
    specification,
    efficiency,
    calibration: calibrationOf(file),
    notes: file.notes ?? [],
    provenance,
  });
}

type Sources = Record<string, Provenance>;

async function siSpecification(
  file: HardwareFile['specification'],
  where: string,
  provenance: Sources,
): Promise<HardwareProfile['specification']> {
  const si = (quantity: Quantity, unit: SiUnit, key: string): Promise<number> => {
    const path = `specification.${key}`;
    provenance[path] = { source: sourceOf(quantity) };
    return parseQuantity(quantity, unit, `${where}: ${path}`);
  };
  const optional = async (quantity: Quantity | undefined, unit: SiUnit, key: string) =>
    quantity === undefined ? null : si(quantity, unit, key);
  const { bf16, fp8, fp4, int8 } = file.denseFlops;
  const multiprocessors = file.streamingMultiprocessors;
  if (multiprocessors !== undefined) {
    provenance['specification.streamingMultiprocessors'] = { source: sourceOf(multiprocessors) };
  }
  return {
    memoryCapacityBytes: await si(file.memoryCapacity, 'B', 'memoryCapacity'),
    memoryBandwidthBytesPerS: await si(file.memoryBandwidth, 'B/s', 'memoryBandwidth'),
    denseFlopsPerS: {
      bf16: await si(bf16, 'FLOP/s', 'denseFlops.bf16'),
      ...(fp8 !== undefined && { fp8: await si(fp8, 'FLOP/s', 'denseFlops.fp8') }),
      ...(fp4 !== undefined && { fp4: await si(fp4, 'FLOP/s', 'denseFlops.fp4') }),
      ...(int8 !== undefined && { int8: await si(int8, 'FLOP/s', 'denseFlops.int8') }),
    },
    linkBandwidthBytesPerS: await optional(file.linkBandwidth, 'B/s', 'linkBandwidth'),
    l2Bytes: await optional(file.l2, 'B', 'l2'),
    streamingMultiprocessors:
      typeof multiprocessors === 'object' ? multiprocessors.value : (multiprocessors ?? null),
    powerW: await optional(file.power, 'W', 'power'),
    priceUsdPerH: await optional(file.price, 'USD/h', 'price'),
  };
}

function sourceOf(value: Quantity | number | { readonly source: string }): string {
  return (typeof value === 'object' ? value.source : undefined) ?? 'no source given';
}

function shares(
  { architecture, specification, efficiency }: HardwareFile,
  where: string,
  provenance: Sources,
): Pick<HardwareProfile['efficiency'], 'gemm' | 'attention'> {
  const defaults = defaultEfficiency(architecture ?? 'other');
  const source =
    defaults.from === null
      ? 'generic prior, not measured on this or a like GPU'
      : `generation ${architecture}: rounded from ${defaults.from}`;
  const gemm = (dtype: 'bf16' | 'fp8', otherwise: GemmEfficiency, otherSource: string): GemmEfficiency => {
    const given = efficiency?.gemm?.[dtype];
    provenance[`efficiency.gemm.${dtype}`] = given?.provenance ?? { source: otherSource };
    if (given === undefined) return { ...otherwise };
    return lawOf(given);
  };
  const attention = (key: 'bandwidth' | 'flops'): number => {
    const given = efficiency?.attention?.[key];
    provenance[`efficiency.attention.${key}`] = given?.provenance ?? { source };
    return given?.share ?? defaults.attention[key];
  };
  const hasFp8 = specification.denseFlops.fp8 !== undefined;
  if (!hasFp8 && efficiency?.gemm?.fp8 !== undefined) {
    throw new UserError(
      `${where}: efficiency.gemm.fp8: has no effect, expected specification.denseFlops.fp8 beside it`,
    );
  }
  const bf16 = gemm('bf16', defaults.gemm.bf16, source);
  const fp8Default = hasFp8 ? defaults.gemm.fp8 : undefined;
  const fp8 = fp8Default === undefined ? gemm('fp8', bf16, 'that of bf16') : gemm('fp8', fp8Default, source);
  return {
    gemm: { bf16, fp8 },
    attention: { bandwidth: attention('bandwidth'), flops: attention('flops') },
  };
}

function lawOf({ bandwidth, flops, corner, depth, tile }: Law): GemmEfficiency {
  return {
    ...{ bandwidth, flops, corner },
    ...(depth !== undefined && { depthS: depth }),
    ...(tile !== undefined && { tile }),
  };
}

type Law = Omit<GemmEfficiency, 'depthS'> & { readonly depth?: number };

type KernelFile = NonNullable<NonNullable<HardwareFile['efficiency']>['kernels']>;

function kernelsOf(file: KernelFile): Kernel[] {
  return file.map(({ format, provenance, ...law }) => ({
    format,
    engine: provenance.engine ?? 'unnamed',
    provenance,
    ...lawOf(law),
  }));
}

type ExpertsFile = NonNullable<NonNullable<HardwareFile['efficiency']>['experts']>;

function expertsOf(file: ExpertsFile, where: string): Promise<ExpertKernel[]> {
  return Promise.all(
    file.map(async ({ fixed, each, provenance, ...law }, i) => ({
      ...law,
      engine: provenance.engine ?? 'unnamed',
      provenance,
      fixedS: await parseQuantity(fixed, 's', `${where}: experts[${i}].fixed`),
      eachS: each === undefined ? 0 : await parseQuantity(each, 's', `${where}: experts[${i}].each`),
    })),
  );
}

type ExchangeFile = NonNullable<NonNullable<HardwareFile['efficiency']>['exchange']>;

function exchangeOf(file: ExchangeFile, where: string): Promise<AllReduceLaw[]> {
  return Promise.all(
    file.map(async ({ gpus, latency, bandwidth }, i) => ({
      gpus,
      lines: [
        {
          latencyS: await parseQuantity(latency, 's', `${where}: exchange[${i}].latency`),
          bytesPerS: await parseQuantity(bandwidth, 'B/s', `${where}: exchange[${i}].bandwidth`),
        },
      ],
    })),
  );
}

/** The profile with the kernels that ship beside it, behind its own. Throws a UserError for a file that is none. */
export async function withKernels(
  hardware: HardwareProfile,
  json: unknown,
  where: string,
): Promise<HardwareProfile> {
  const { denseFlops, kernels, experts = [], exchange = [] } = validate(kernelsSchema, json, where);
  const { specification, efficiency } = hardware;
  const rates = { ...specification.denseFlopsPerS };
  if (denseFlops !== undefined) {
    rates.int8 = await parseQuantity(denseFlops.int8, 'FLOP/s', `${where}: denseFlops.int8`);
  }
  return deepFreeze({
    ...hardware,
    specification: { ...specification, denseFlopsPerS: rates },
    efficiency: {
      ...efficiency,
      kernels: [...efficiency.kernels, ...kernelsOf(kernels)],
      experts: [...efficiency.experts, ...(await expertsOf(experts, where))],
      exchange: [...efficiency.exchange, ...(await exchangeOf(exchange, where))],
    },
  });
}

async function allReduceLaws(
  { efficiency }: HardwareFile,
  linkBandwidthBytesPerS: number | null,
  where: string,
  provenance: Sources,
): Promise<AllReduceLaw[]> {
  const laws = new Map<number, AllReduceLaw>();
  for (const [i, given] of (efficiency?.allReduce ?? []).entries()) {
    const path = `${where}: efficiency.allReduce[${i}]`;
    if (laws.has(given.gpus)) {
      throw new UserError(
        `${path}.gpus: got ${given.gpus} a second time, expected one law for each number of gpus`,
      );
    }
    const lines = [];
    for (const [j, line] of given.lines.entries()) {
      lines.push({
        latencyS: await parseQuantity(line.latency, 's', `${path}.lines[${j}].latency`),
        bytesPerS: await parseQuantity(line.bandwidth, 'B/s', `${path}.lines[${j}].bandwidth`),
      });
    }
    laws.set(given.gpus, { gpus: given.gpus, lines });
    provenance[`efficiency.allReduce.${given.gpus}`] = given.provenance;
  }
  if (linkBandwidthBytesPerS !== null) {
    for (const gpus of groupSizes) {
      if (laws.has(gpus)) continue;
      laws.set(gpus, ringAllReduce(gpus, linkBandwidthBytesPerS));
      provenance[`efficiency.allReduce.${gpus}`] = { source: ringAssumption };
    }
  }
  return [...laws.values()].sort((a, b) => a.gpus - b.gpus);
}

function calibrationOf({ architecture, efficiency }: HardwareFile): Calibration {
  const fits = [efficiency?.gemm?.bf16, efficiency?.attention?.bandwidth];
  if (fits.every((fit) => fit?.provenance.rows !== undefined && fit.provenance.meanError !== undefined)) {
    return 'kernel tables';
  }
  return defaultEfficiency(architecture ?? 'other').from === null ? 'data sheet only' : 'generation';
}

function baseName(where: string): string {
  return where
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.json$/i, '');
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
