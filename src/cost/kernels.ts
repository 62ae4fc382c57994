/**
 * Which kernel prices a number format on a GPU, and what it reaches: matrix products, and operators over routed experts.
 * A kernel of the engine's own family comes first, then one that any engine was measured with, then a class default.
 */
import { classExperts, classKernels } from '../hardware/defaults.ts';
import type { ExpertKernel, GemmEfficiency, HardwareProfile, Kernel } from '../hardware/profile.ts';
import type { Gemm } from '../model/layer.ts';
import { FORMATS, type WeightFormat } from '../number-formats.ts';

/** The engine whose kernels are meant where a profile does not say. */
export const DEFAULT_FAMILY = 'vllm';

/** What products in a format reach on a GPU: the law of its efficiency, with the peaks in it. */
export interface GemmRates {
  readonly bytesPerS: number;
  readonly flopsPerS: number;
  readonly corner: number;
  readonly depthS: number;
  /** 1 where rows are multiplied as they are. */
  readonly tile: number;
}

/** What an operator over experts reaches, with the peaks in it. */
export interface ExpertRates {
  readonly bytesPerS: number;
  readonly flopsPerS: number;
  readonly fixedS: number;
  readonly eachS: number;
  readonly sliver: number;
}

/** The rates of a format on a GPU; where it lacks the arithmetic, weights are read as such and multiplied in bf16. */
export function gemmRates(
  hardware: HardwareProfile,
  format: WeightFormat,
  family = DEFAULT_FAMILY,
): GemmRates {
  return ratesOf(hardware, format, lawsOf(hardware, format, family)[0]!);
}

/** The same under every kernel that is known, the one that is priced first. */
export function knownRates(
  hardware: HardwareProfile,
  format: WeightFormat,
  family = DEFAULT_FAMILY,
): GemmRates[] {
  return lawsOf(hardware, format, family).map((law) => ratesOf(hardware, format, law));
}

/** One product over `rows` rows. */
export function gemmSeconds(gemm: Gemm, rows: number, law: GemmRates): number {
  return smoothRoofline(
    (gemm.n * gemm.k * gemm.bytesPerWeight + 2 * rows * (gemm.n + gemm.k)) / law.bytesPerS,
    (2 * tiledRows(rows, law.tile) * gemm.n * gemm.k) / law.flopsPerS,
    law.corner,
    gemm.k * law.depthS,
  );
}

/** The fewest rows of a block of a matrix unit. */
const LEAST_TILE = 16;

/** Rows that are multiplied: whole tiles, and of fewer rows the least power of two that holds them. */
export function tiledRows(rows: number, tile: number): number {
  if (tile === 1) return rows;
  if (rows > tile) return Math.ceil(rows / tile) * tile;
  return Math.max(LEAST_TILE, 2 ** Math.ceil(Math.log2(rows)));
}

/**
 * The smooth roofline: between the memory time and the compute time, the larger where they differ much.
 *
 * @param depthS the time that a block walks along the inner dimension, which no width shortens
 */
export function smoothRoofline(memoryS: number, computeS: number, corner: number, depthS = 0): number {
  const larger = Math.max(memoryS, computeS);
  if (larger === 0) return 0;
  const ratio = Math.min(memoryS, computeS) / larger;
  if (depthS === 0) return larger * (1 + ratio ** corner) ** (1 / corner);
  return larger * (1 + ratio ** corner + (depthS / larger) ** corner) ** (1 / corner);
}

/** The kernels of matrix products in a format that anybody measured on the GPU, that of the engine's family first. */
export function kernelsOf(
  hardware: HardwareProfile,
  format: WeightFormat,
  family: string,
): readonly Kernel[] {
  return preferred(hardware.efficiency.kernels, classKernels, format, family);
}

/** The operator over experts in a format that is priced. */
export function expertKernel(hardware: HardwareProfile, format: WeightFormat, family: string): ExpertKernel {
  return preferred(hardware.efficiency.experts, classExperts, format, family)[0]!;
}

export function expertRates(
  hardware: HardwareProfile,
  format: WeightFormat,
  family = DEFAULT_FAMILY,
): ExpertRates {
  const { bandwidth, flops, fixedS, eachS, sliver } = expertKernel(hardware, format, family);
  const { factors = {} } = hardware.efficiency;
  const longer = factors['experts.fixed'] ?? 1;
  return {
    bytesPerS:
      hardware.specification.memoryBandwidthBytesPerS * bandwidth * (factors['experts.bandwidth'] ?? 1),
    flopsPerS: flopsOf(hardware, format, flops) * (factors['experts.flops'] ?? 1),
    fixedS: longer * fixedS,
    eachS: longer * eachS,
    sliver,
  };
}

function preferred<K extends Pick<Kernel, 'format' | 'engine'>>(
  measured: readonly K[],
  classes: readonly K[],
  format: WeightFormat,
  family: string,
): readonly K[] {
  const of = (all: readonly K[]) => all.filter((one) => one.format === format);
  const known = of(measured);
  if (known.length === 0) return of(classes);
  const isOwn = ({ engine }: K) => engine.startsWith(`${family} `);
  return [...known.filter(isOwn), ...known.filter((one) => !isOwn(one))];
}

function lawsOf(hardware: HardwareProfile, format: WeightFormat, family: string): readonly GemmEfficiency[] {
  const { specification, efficiency } = hardware;
  if (format === 'bf16') return [efficiency.gemm.bf16];
  const measured = kernelsOf(hardware, format, family);
  if (format !== 'fp8') return measured;
  if (specification.denseFlopsPerS.fp8 === undefined) return [efficiency.gemm.bf16];
  // What a profile says of fp8 stands in where no kernel was measured.
  return measured.length > 0 ? measured : [efficiency.gemm.fp8];
}

function ratesOf(hardware: HardwareProfile, format: WeightFormat, law: GemmEfficiency): GemmRates {
  const { gemm, factors = {} } = hardware.efficiency;
  const own = law === gemm.bf16 || law === gemm.fp8;
  const scaled = (name: 'bandwidth' | 'flops') => (own ? 1 : (factors[`kernels.${name}`] ?? 1));
  return {
    bytesPerS: hardware.specification.memoryBandwidthBytesPerS * law.bandwidth * scaled('bandwidth'),
    flopsPerS: flopsOf(hardware, format, law.flops) * scaled('flops'),
    corner: law.corner,
    depthS: law.depthS ?? 0,
    tile: law.tile ?? 1,
  };
}

function flopsOf(
  { specification, efficiency }: HardwareProfile,
  format: WeightFormat,
  share: number,
): number {
  const { denseFlopsPerS } = specification;
  const rate = denseFlopsPerS[FORMATS[format].compute];
  return rate === undefined ? denseFlopsPerS.bf16 * efficiency.gemm.bf16.flops : rate * share;
}
