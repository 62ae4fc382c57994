/** Scales and their ticks, and numbers as pictures show them. */
import type { Axis } from './chart.ts';

export interface Scale {
  /** Pixel of a value. */
  at(value: number): number;
  /** Values that may be named, ascending. */
  readonly ticks: readonly number[];
}

/** A scale that shows all values, from pixel `from` to pixel `to`, with about `wanted` ticks. */
export function scaleOf(axis: Axis, values: readonly number[], from: number, to: number, wanted = 6): Scale {
  const fits = (value: number) => Number.isFinite(value) && (axis.scale === 'linear' || value > 0);
  const shown = [...values, ...(axis.holds ?? [])].filter(fits);
  const low = shown.length === 0 ? Number(axis.scale !== 'linear') : Math.min(...shown);
  const high = shown.length === 0 ? low + 1 : Math.max(...shown);
  return axis.scale === 'linear'
    ? linear(low, high, from, to, wanted)
    : logarithmic(axis.scale === 'log2' ? 2 : 10, low, high, from, to);
}

/** From one tick to another. */
function linear(least: number, greatest: number, from: number, to: number, wanted: number): Scale {
  const spread = greatest > least ? greatest - least : Math.abs(greatest) || 1;
  const step = niceStep(spread / Math.max(1, wanted));
  const first = Math.floor(least / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil((least + spread) / step - 1e-9));
  return {
    at: (value) => from + ((value / step - first) / (last - first)) * (to - from),
    ticks: Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12))),
  };
}

/** 1, 2 or 5 times a power of ten, not below `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
}

function logarithmic(base: number, least: number, greatest: number, from: number, to: number): Scale {
  const exponent = (value: number) => Math.log2(value) / Math.log2(base);
  const [first, last] = [exponent(least), exponent(greatest)];
  const [low, high] = last > first ? [first, last] : [first - 1, last + 1];
  const ticks: number[] = [];
  for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power++) ticks.push(base ** power);
  return { at: (value) => from + ((exponent(value) - low) / (high - low)) * (to - from), ticks };
}

const SUFFIXES = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
] as const;

/** A value as people read it: 1,024, 1.81x, 12.5T, in four digits and from 1,000 on in whole numbers. */
export function valueText(value: number | null, unit = '', digits = 4): string {
  if (value === null) return 'unknown';
  const [scale, suffix] = SUFFIXES.find(([least]) => Math.abs(value) >= least) ?? [1, ''];
  const whole = Math.abs(value) >= 1000 && scale === 1;
  const short = String(whole ? Math.round(value) : Number((value / scale).toPrecision(digits)));
  return `${whole ? short.replace(/\B(?=(\d{3})+$)/g, ',') : short}${suffix}${unit}`;
}
