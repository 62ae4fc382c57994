/** Cells as their column's format writes them. */
import { printable } from '../errors.ts';
import type { Cell, Format } from './document.ts';

export function cellText(cell: Cell, as: Format): string {
  if (cell === null) return as.none ?? '-';
  if (typeof cell === 'string') return printable(cell);
  if (typeof cell === 'object' && 'text' in cell) return cell.text;
  const numbers = typeof cell === 'number' ? [cell] : cell;
  if (as.form === 'bar') return bar(numbers, as);
  const interval = (ends: readonly number[]) => ends.map((end) => number(end, { ...as, unit: '' })).join('-');
  if (numbers.length === 2) return interval(numbers);
  const value = number(numbers[0]!, as);
  return numbers.length === 1 ? value : `${value} (${interval(numbers.slice(1))})`;
}

function number(given: number, { form, digits = 0, times = 1, unit = '', signed }: Format): string {
  const value = times * given;
  const text = {
    text: String,
    whole: String,
    bar: String,
    fixed: () => decimals(value, digits),
    precision: () => value.toPrecision(digits),
    rate: tokensPerSecond,
    three: threeDigits,
  }[form](value);
  return `${signed && !text.startsWith('-') ? '+' : ''}${text}${unit}`;
}

/** Marks in proportion, rounded so that parts that add up to 1 fill the bar exactly. */
function bar(parts: readonly number[], { width = 0, marks = ['#'] }: Format): string {
  let text = '';
  let upTo = 0;
  parts.forEach((part, i) => {
    upTo += part;
    text += marks[i]!.repeat(Math.max(0, Math.round(upTo * width) - text.length));
  });
  return text;
}

/** So many decimals, and no minus before a zero. */
function decimals(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text;
}

/** A throughput: a decimal below 1000. */
function tokensPerSecond(value: number): string {
  return value.toFixed(value < 1000 ? 1 : 0);
}

/** Three digits, and never an exponent above: 0.0123, 12.3, 1234. */
export function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
