/** From measured operations and a GPU profile to the profile with its efficiencies fitted. */

import { UserError } from '../../errors.ts';
import type { HardwareProfile, Provenance } from '../../hardware/profile.ts';
import { SHARPEST_CORNER } from '../../hardware/schema.ts';
import { FORMATS } from '../../number-formats.ts';
import { allReduceRows, fitAllReduce } from './all-reduce.ts';
import { decodeLaw, decodeRows } from './decode-attention.ts';
import { gemmLaw, gemmRows } from './gemm.ts';
import { type FitLawOptions, type FittedLaw, fitLaw } from './law.ts';
import type { AttentionRow, Measured, OpsRows } from './rows.ts';
import { type Choice, frameworkOf, ofOneKernel, ofOneSystem } from './selection.ts';
import { flopsOfTau, splitLaw, unsplitLaw, verifyRows } from './verify-attention.ts';

export interface CalibrateOptions extends FitLawOptions, Choice {
  /** Where the tables come from, for the profile. */
  readonly source: string;
  /** Of the fit, such as `2026-11-23`. */
  readonly date: string;
}

/** One law as it was fitted, and the place in a profile that it fills; null for a law that is only tested. */
export interface Fitted {
  readonly law: FittedLaw;
  readonly place:
    | 'gemm.bf16'
    | 'gemm.fp8'
    | 'attention.bandwidth'
    | 'attention.flops'
    | `allReduce.${number}`
    | null;
  readonly provenance: Provenance;
  /** What the profile holds: `bandwidth`, `flops`, `corner`, `share`; lines of an all-reduce are in the law. */
  readonly values: Readonly<Record<string, number>>;
}

export interface Calibration {
  readonly fitted: readonly Fitted[];
  /** Rows that no law was fitted to, a sentence each. */
  readonly leftOut: readonly string[];
}

/**
 * Fits every law that the rows allow.
 *
 * @throws UserError when there is nothing to fit, and for what `fitLaw` refuses
 */
export function calibrateOps(
  hardware: HardwareProfile,
  rows: OpsRows,
  options: CalibrateOptions,
): Calibration {
  const framework = frameworkOf([...rows.gemm, ...rows.attention, ...rows.allReduce], options);
  const attention = fitAttention(hardware, rows.attention, framework, options);
  const fitted = [
    ...fitGemms(hardware, rows, framework, options),
    ...attention,
    ...fitAllReduces(hardware, rows, framework, options),
  ];
  if (fitted.length === 0) {
    throw new UserError(
      `--ops: no rows of ${framework === '' ? 'any engine' : framework} in bf16 or fp8 to fit, expected matrix products, attention or all-reduces`,
    );
  }
  return { fitted, leftOut: leftOut(rows, framework) };
}

function fitGemms(
  { specification: spec }: HardwareProfile,
  { gemm }: OpsRows,
  framework: string,
  options: CalibrateOptions,
): Fitted[] {
  return (['bf16', 'fp8'] as const).flatMap((dtype) => {
    const flopsPerS = spec.denseFlopsPerS[dtype];
    const own = ofOneKernel(
      `gemm ${dtype}`,
      gemm.filter((row) => row.dtype === dtype),
      framework,
      options,
    );
    if (own.length === 0 || flopsPerS === undefined) return [];
    const rows = gemmRows(own, dtype, spec.memoryBandwidthBytesPerS, spec.l2Bytes);
    const peaks = { bytesPerS: spec.memoryBandwidthBytesPerS, flopsPerS };
    const law = fitLaw(gemmLaw(dtype, peaks), rows, options);
    const { bandwidth, flops, corner } = valuesOf(law);
    const range = {
      tokens: rangeOf(rows, ({ m }) => m),
      weightBytes: rangeOf(rows, ({ n, k }) => n * k * FORMATS[dtype].bytesPerWeight),
    };
    return [
      {
        law,
        place: `gemm.${dtype}` as const,
        provenance: provenanceOf(law, rows, range, options),
        values: {
          bandwidth: round(bandwidth!),
          flops: round(flops!),
          corner: Math.min(round(corner!), SHARPEST_CORNER),
        },
      },
    ];
  });
}

function fitAttention(
  hardware: HardwareProfile,
  measured: readonly AttentionRow[],
  framework: string,
  options: CalibrateOptions,
): Fitted[] {
  const { specification: spec, efficiency } = hardware;
  const bf16 = measured.filter((row) => row.kvDtype === 'bf16');
  const ofKind = (what: string, rows: readonly AttentionRow[]) => ofOneKernel(what, rows, framework, options);
  const decode = ofKind(
    'decode attention',
    bf16.filter(({ queryTokens }) => queryTokens === 1),
  );
  const verify = ofKind('verify attention', verifyRows(bf16));
  const fitted: Fitted[] = [];
  let { bandwidth } = efficiency.attention;
  if (decode.length > 0) {
    if (spec.l2Bytes === null) {
      throw new UserError(
        `gpu ${hardware.name}: missing specification.l2, expected with decode attention: rows that fit in it say nothing of memory`,
      );
    }
    const rows = decodeRows(decode, spec.l2Bytes);
    const law = fitLaw(
      decodeLaw(spec.memoryBandwidthBytesPerS, spec.streamingMultiprocessors),
      rows,
      options,
    );
    bandwidth = valuesOf(law).bandwidth!;
    const provenance = provenanceOf(law, rows, contextRange(rows), options);
    fitted.push({ law, place: 'attention.bandwidth', provenance, values: { share: round(bandwidth) } });
  }
  if (verify.length > 0) fitted.push(fitVerify(hardware, verify, bandwidth, options));
  return fitted;
}

/** Fits both laws of verification and takes the one that is nearer. */
function fitVerify(
  { specification: spec, efficiency }: HardwareProfile,
  rows: readonly AttentionRow[],
  bandwidth: number,
  options: CalibrateOptions,
): Fitted {
  const { streamingMultiprocessors: multiprocessors } = spec;
  const flopsPerS = spec.denseFlopsPerS.bf16;
  const range = { ...contextRange(rows), queryTokens: rangeOf(rows, ({ queryTokens }) => queryTokens) };
  const split = fitLaw(
    splitLaw(spec.memoryBandwidthBytesPerS * bandwidth, flopsPerS * efficiency.attention.flops),
    rows,
    options,
  );
  const { headDim } = rows[0]!;
  const unsplit =
    multiprocessors !== null && rows.every((row) => row.headDim === headDim)
      ? fitLaw(unsplitLaw(multiprocessors), rows, options)
      : split;
  if (multiprocessors === null || unsplit.meanError >= split.meanError) {
    return { law: split, place: null, provenance: provenanceOf(split, rows, range, options), values: {} };
  }
  const share = flopsOfTau(valuesOf(unsplit).tau!, headDim, multiprocessors, flopsPerS);
  if (share > 1 && !options.keepUnphysical) {
    throw new UserError(
      `${unsplit.name}: the rows give flops ${share.toPrecision(4)}, expected at most 1: not physical (--keep-unphysical keeps it)`,
    );
  }
  const provenance = provenanceOf(unsplit, rows, range, options);
  return {
    law: unsplit,
    place: 'attention.flops',
    provenance: share > 1 ? { ...provenance, unphysical: true } : provenance,
    values: { share: round(share) },
  };
}

function fitAllReduces(
  hardware: HardwareProfile,
  { allReduce }: OpsRows,
  framework: string,
  options: CalibrateOptions,
): Fitted[] {
  const { linkBandwidthBytesPerS: link } = hardware.specification;
  const own = ofOneKernel('all-reduce', ofOneSystem(allReduce, hardware.name, options), framework, options);
  const sizes = [...new Set(own.map(({ gpus }) => gpus))].sort((a, b) => a - b);
  return sizes.map((gpus) => {
    const rows = allReduceRows(own, gpus);
    const most = link === null ? null : (link * gpus) / (2 * (gpus - 1));
    const law = fitAllReduce(rows, gpus, most, options);
    return {
      law,
      place: `allReduce.${gpus}` as const,
      provenance: provenanceOf(law, rows, { bytes: rangeOf(rows, ({ bytes }) => bytes) }, options),
      values: {},
    };
  });
}

function provenanceOf(
  law: FittedLaw,
  rows: readonly Measured[],
  range: NonNullable<Provenance['range']>,
  { source, date, keepUnphysical }: CalibrateOptions,
): Provenance {
  const { engine, kernel } = rows[0]!;
  const times = law.name.startsWith('all-reduce') ? [] : law.parameters.filter(({ unit }) => unit === 's');
  const impossible = law.parameters.some(
    ({ name, unit, value }) => (unit === 'share' && value > 1) || (name === 'corner' && value < 1),
  );
  return {
    source,
    ...(engine === '' ? {} : { engine }),
    ...(kernel === '' ? {} : { kernel }),
    rows: law.rows,
    meanError: round(law.meanError),
    ...(law.heldOutError === null ? {} : { heldOutError: round(law.heldOutError) }),
    heldOut: law.heldOut,
    range,
    date,
    law: law.formula,
    ...(times.length === 0
      ? {}
      : { kernelTimes: Object.fromEntries(times.map(({ name, value }) => [name, scientific(value, 's')])) }),
    ...(law.pinned.length === 0
      ? {}
      : { note: `held at the least that is physical: ${law.pinned.join(', ')}` }),
    ...(keepUnphysical && impossible ? { unphysical: true } : {}),
  };
}

function contextRange(rows: readonly AttentionRow[]): NonNullable<Provenance['range']> {
  return {
    sequences: rangeOf(rows, ({ sequences }) => sequences),
    contextTokens: rangeOf(rows, ({ contextTokens }) => contextTokens),
  };
}

function rangeOf<Row>(rows: readonly Row[], of: (row: Row) => number): [least: number, greatest: number] {
  return rows.reduce<[number, number]>(
    ([least, greatest], row) => [Math.min(least, of(row)), Math.max(greatest, of(row))],
    [Infinity, -Infinity],
  );
}

export function valuesOf({ parameters }: FittedLaw): Readonly<Record<string, number>> {
  return Object.fromEntries(parameters.map(({ name, value }) => [name, value]));
}

/** A quantity as profiles write it: micro seconds and giga bytes, without a unit that must be converted. */
export function scientific(value: number, unit: 's' | 'B/s'): string {
  const exponent = unit === 's' ? -6 : 9;
  return `${round(value / 10 ** exponent)}e${exponent} ${unit}`;
}

/** Four digits: a profile is read by people. */
export function round(value: number): number {
  return Number(value.toPrecision(4));
}

function leftOut({ gemm, attention, allReduce, experts }: OpsRows, framework: string): string[] {
  const isOwn = ({ engine }: Measured) => engine === framework || engine.startsWith(`${framework} `);
  const sentences: string[] = [];
  if (experts.length > 0) {
    sentences.push(`${experts.length} rows of experts, whose laws ship beside the profiles`);
  }
  const others = [...gemm, ...attention, ...allReduce].filter((row) => !isOwn(row));
  if (others.length > 0) {
    const engines = [...new Set(others.map(({ engine }) => engine))].sort();
    sentences.push(`${others.length} rows of ${engines.join(', ')} (--framework takes them)`);
  }
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  for (const { dtype } of gemm.filter(isOwn)) {
    if (!['bf16', 'fp8'].includes(dtype)) count(`matrix products in ${dtype}`);
  }
  for (const { kvDtype } of attention.filter(isOwn)) {
    if (kvDtype !== 'bf16') count(`rows of attention with a KV cache in ${kvDtype}`);
  }
  for (const [what, rows] of counts) sentences.push(`${rows} ${what}, which no law is fitted to`);
  return sentences;
}
