/** The sheet that marks are put on: SVG elements as text, and where words stand, so that none covers another. */
import type { Values } from './chart.ts';
import { escaped, fitted, SMALL, textWidth, wrapped } from './text.ts';
import type { Theme } from './themes.ts';

export type Box = Readonly<Record<'left' | 'top' | 'right' | 'bottom', number>>;

export interface Words {
  readonly size?: number;
  readonly bold?: boolean;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly colour?: string;
  /** Most pixels it may take; cut where it is longer. */
  readonly room?: number;
  /** Upwards instead of to the right. */
  readonly upright?: boolean;
  /** What it may not leave, if not the sheet. */
  readonly within?: Box;
  /** Places that it may not cover, beside other words. */
  readonly clear?: readonly Pixel[];
}

/** A place on the sheet, to the right and down. */
export type Pixel = readonly [x: number, y: number];

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Pixels that letters reach above and below the line they stand on, as shares of their size. */
const ASCENT = 0.82;
const DESCENT = 0.24;

/** Pixels from a line to the next. */
export const PITCH = 13;

/** Pixels between two texts on one line. */
const APART = 3;

export class Paper {
  readonly theme: Theme;
  /** What the marks hold, in order. */
  readonly marks: Values[] = [];
  readonly #elements: string[] = [];
  readonly #words: Box[] = [];
  readonly #sheet: Box;

  constructor(theme: Theme, width: number) {
    this.theme = theme;
    this.#sheet = { left: 0, top: 0, right: width, bottom: Number.POSITIVE_INFINITY };
  }

  /**
   * Writes a text on the line at `y`.
   *
   * @returns whether it was written: never on top of another text, nor beyond the sheet
   */
  text(text: string, x: number, y: number, words: Words = {}): boolean {
    const { size = SMALL, bold = false, anchor = 'start', colour = this.theme.ink } = words;
    const { room, upright = false, within = this.#sheet, clear = [] } = words;
    const short = room === undefined ? text : fitted(text, size, room, bold);
    if (short === '') return false;
    const box = boxOf(textWidth(short, size, bold), x, y, size, anchor, upright);
    const inside = box.left >= within.left && box.right <= within.right && box.bottom <= within.bottom;
    const taken =
      this.#words.some((other) => overlap(other, box)) || clear.some((pixel) => covers(box, pixel));
    if (!inside || taken) return false;
    this.#words.push(box);
    const attributes = attributesText({
      x,
      y,
      'font-size': size,
      'font-weight': bold ? 700 : undefined,
      'text-anchor': anchor === 'start' ? undefined : anchor,
      fill: colour,
      transform: upright ? `rotate(-90 ${pixel(x)} ${pixel(y)})` : undefined,
    });
    const whole = short === text ? '' : `<title>${escaped(text)}</title>`;
    this.#elements.push(`<text${attributes}>${whole}${escaped(short)}</text>`);
    return true;
  }

  /** Writes a text in at most so many lines as it has no room in one, around the place of one. */
  lines(text: string, x: number, y: number, most: number, words: Words & { readonly room: number }): void {
    const { room, bold, upright } = words;
    const lines = wrapped(text, SMALL, room, most, bold);
    lines.forEach((line, i) => {
      const off = (i - (lines.length - 1) / 2) * (upright ? PITCH + APART : PITCH);
      this.text(line, upright ? x + off : x, upright ? y : y + off, words);
    });
  }

  /** A shape without a value. */
  shape(name: string, attributes: Attributes): void {
    this.#elements.push(`<${name}${attributesText(attributes)}/>`);
  }

  line(x1: number, y1: number, x2: number, y2: number, attributes: Attributes): void {
    this.shape('line', { x1, y1, x2, y2, ...attributes });
  }

  /** A mark: a shape that stands for a value, which its title says and its `data-` attributes hold. */
  mark(name: string, attributes: Attributes, says: string, values: Values): void {
    this.marks.push(values);
    const data = Object.entries(values).map(([key, value]) => [
      `data-${key}`,
      typeof value === 'number' ? Number(value.toPrecision(6)) : (value ?? undefined),
    ]);
    const text = attributesText({ class: 'mark', ...attributes, ...Object.fromEntries(data) });
    this.#elements.push(`<${name}${text}><title>${escaped(says)}</title></${name}>`);
  }

  toString(): string {
    return this.#elements.join('\n');
  }
}

function boxOf(width: number, x: number, y: number, size: number, anchor: string, upright: boolean): Box {
  const before = { start: 0, middle: width / 2, end: width }[anchor]!;
  return upright
    ? { left: x - ASCENT * size, right: x + DESCENT * size, top: y + before - width, bottom: y + before }
    : { left: x - before, right: x - before + width, top: y - ASCENT * size, bottom: y + DESCENT * size };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right + APART && b.left < a.right + APART && a.top < b.bottom && b.top < a.bottom;
}

function covers({ left, right, top, bottom }: Box, [x, y]: Pixel): boolean {
  return x > left - 2 && x < right + 2 && y > top - 1 && y < bottom + 1;
}

/** To a hundredth of a pixel. */
export function pixel(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}

function attributesText(attributes: Attributes): string {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const shown = typeof value !== 'number' || name.startsWith('data-') ? value : pixel(value);
      return ` ${name}="${escaped(String(shown))}"`;
    })
    .join('');
}

/** A path through points; a null begins anew. */
export function pathOf(points: readonly (Pixel | null)[]): string {
  return points
    .map((point, i) => point && `${points[i - 1] ? 'L' : 'M'}${pixel(point[0])} ${pixel(point[1])}`)
    .join('');
}
