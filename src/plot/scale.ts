/** Scales and their ticks, and numbers as pictures show them. */
import type { Axis } from './chart.ts';

export interface Scale {
  /** Pixel of a value. */
  at(value: number): number;
  /** Values that may be named, ascending. */
  readonly ticks: readonly number[];
  readonly low: number;
  readonly high: number;
}

/** How far a linear axis goes on beyond its largest value. */
const HEADROOM = 0.04;

/** A scale that shows all values, from pixel `from` to pixel `to`, with about `wanted` ticks. */
export function scaleOf(axis: Axis, values: readonly number[], from: number, to: number, wanted = 6): Scale {
  const shown = (axis.bounds ?? [...values, ...(axis.holds ?? [])]).filter(
    (value) => Number.isFinite(value) && (axis.scale === 'linear' || value > 0),
  );
  const low = shown.length === 0 ? (axis.scale === 'linear' ? 0 : 1) : Math.min(...shown);
  const high = shown.length === 0 ? low + 1 : Math.max(...shown);
  return axis.scale === 'linear'
    ? linear(low, high, axis.bounds === undefined ? HEADROOM : 0, from, to, wanted)
    : logarithmic(axis.scale === 'log2' ? 2 : 10, low, high, from, to);
}

function linear(
  least: number,
  greatest: number,
  headroom: number,
  from: number,
  to: number,
  wanted: number,
): Scale {
  const spread = greatest > least ? greatest - least : Math.abs(greatest) || 1;
  const high = least + spread * (1 + headroom);
  const step = niceStep((high - least) / Math.max(1, wanted));
  const first = Math.floor(least / step + 1e-9);
  const low = first * step;
  const last = Math.floor(high / step + 1e-9);
  return {
    low,
    high,
    at: (value) => from + ((value - low) / (high - low)) * (to - from),
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
  return {
    low: base ** low,
    high: base ** high,
    at: (value) => from + ((exponent(value) - low) / (high - low)) * (to - from),
    ticks,
  };
}

const SUFFIXES = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
] as const;

/** A tick: 1024 as it is, 15,000 in groups, 1e12 as 1T. */
export function tickText(value: number): string {
  const [scale, suffix] = SUFFIXES.find(([least]) => Math.abs(value) >= least) ?? [1, ''];
  const short = String(Number((value / scale).toPrecision(6)));
  return `${Math.abs(value) >= 1e4 && scale === 1 ? groups(short) : short}${suffix}`;
}

/** Thousands in groups, of a whole number. */
const groups = (digits: string) => digits.replace(/\B(?=(\d{3})+$)/g, ',');

/** A value as a title says it: three digits behind the first, thousands in groups. */
export function valueText(value: number | null, unit = ''): string {
  if (value === null) return 'unknown';
  const [scale, suffix] = SUFFIXES.find(([least]) => Math.abs(value) >= least) ?? [1, ''];
  const short = Number((value / scale).toPrecision(Math.abs(value) >= 1000 && scale === 1 ? 6 : 4));
  const whole = Math.abs(value) >= 1000 && scale === 1 ? Math.round(short) : short;
  return `${Number.isInteger(whole) ? groups(String(whole)) : whole}${suffix}${unit}`;
}
