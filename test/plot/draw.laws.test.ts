/** Laws of every picture: words cover no words and stay on the paper, colours can be read, names are harmless. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Axis, Chart, Panel } from '../../src/plot/chart.ts';
import { draw, LEAST_SIZE } from '../../src/plot/draw.ts';
import { textWidth } from '../../src/plot/text.ts';
import { between, contrast, type Hue, inkOn, THEMES, type ThemeName } from '../../src/plot/themes.ts';
import { elements, marks } from './marks.ts';

const HUES = Object.keys(THEMES.light.hues) as Hue[];
const METHODS: readonly Hue[] = ['plain', 'blue', 'orange', 'green', 'purple', 'olive', 'teal'];

const name = fc.oneof(
  fc.constantFrom('eagle3 k=3', 'hybrid:ngram+eagle3 k=16 table:policy.json', 'none', '', '日本語の名前'),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const hue = fc.constantFrom(...HUES);
const value = fc.oneof(
  fc.double({ min: 0, max: 1e4, noNaN: true }),
  fc.double({ min: 1e-9, max: 1e15, noNaN: true }),
);
const nullable = fc.option(value, { freq: 6 });
const axis = fc.record({
  label: name,
  unit: fc.constantFrom('', 'x', ' ms', ' %'),
  scale: fc.constantFrom('linear' as const, 'log2' as const, 'log10' as const),
}) as fc.Arbitrary<Axis>;
const linear = axis.map((one) => ({ ...one, scale: 'linear' as const, holds: [0] }));
const names = fc.array(name, { minLength: 1, maxLength: 12 });

const linearFromZero: Axis = { label: 'ms', unit: ' ms', scale: 'linear', holds: [0] };

/** Bars of any kind, from any value to any other. */
function bars(look: fc.Arbitrary<object>, number: fc.Arbitrary<number>): fc.Arbitrary<Panel> {
  const says = fc.constant('of it');
  const values = fc.constant({ value: 1 });
  const bar = fc.record({ from: number, to: number, hue, label: name, says, values });
  const band = fc.record({ name, bars: fc.array(bar, { maxLength: 9 }) });
  const group = fc.record({ name, bands: fc.array(band, { maxLength: 12 }) });
  const legend = fc.array(fc.record({ name, hue }), { maxLength: 5 });
  const groups = fc.array(group, { minLength: 1, maxLength: 5 });
  return fc
    .tuple(look, fc.record({ form: fc.constant('bars' as const), label: name, legend, groups }))
    .map(([of, rest]) => ({ ...of, ...rest }) as unknown as Panel);
}

const panel: fc.Arbitrary<Panel> = fc.oneof(
  fc.record({
    form: fc.constant('lines' as const),
    heading: name,
    x: axis,
    y: axis,
    series: fc.array(
      fc.record({
        name,
        hue,
        path: fc.constantFrom(undefined, 'steps' as const, 'none' as const),
        mark: fc.constantFrom(undefined, 'cross' as const, 'none' as const),
        points: fc.array(fc.record({ x: value, y: nullable, label: name }), { maxLength: 9 }),
      }),
      { maxLength: 9 },
    ),
    rules: fc.array(
      fc.record({ axis: fc.constantFrom('x' as const, 'y' as const), at: value, label: name }),
      {
        maxLength: 3,
      },
    ),
  }),
  bars(fc.record({ upright: fc.boolean(), axis: linear }), value),
  bars(fc.constant({ upright: false, axis: linearFromZero, falling: true }), value),
  fc.tuple(names, names, name, value, fc.option(hue)).map(
    ([x, y, words, most, own]): Panel => ({
      form: 'cells',
      x: { label: words, names: x },
      y: { label: words, names: y },
      range: [0, most],
      rows: y.map((row, r) =>
        x.map((_, c) => ({
          value: (r * c) / 9,
          lines: [row, words],
          says: words,
          hatched: c === 0,
          ...(own !== null && { hue: own, hollow: c === 1 }),
        })),
      ),
    }),
  ),
) as fc.Arbitrary<Panel>;

const chart: fc.Arbitrary<Chart> = fc.record({
  kind: fc.constant('speedup' as const),
  title: name,
  subtitle: name,
  summary: name,
  foot: name,
  warnings: fc.constant([]),
  panels: fc.array(panel, { minLength: 1, maxLength: 4 }),
});
const size = fc.record({
  width: fc.integer({ min: LEAST_SIZE.width, max: 1600 }),
  height: fc.integer({ min: LEAST_SIZE.height, max: 900 }),
});
const theme = fc.constantFrom('light' as const, 'dark' as const, 'print' as const);

/** Where a text stands, from its attributes; letters are a little lower than the room kept for them. */
function boxes(svg: string) {
  return elements(svg, 'text').map(({ text, ...at }) => {
    const [x, y, height] = [Number(at.x), Number(at.y), Number(at['font-size'])];
    // The room that is kept is wider than the shipped font, by a tenth and more.
    const bold = at['font-weight'] === '700';
    const width = textWidth(text, height, bold) / (bold ? 1.16 : 1.1);
    const before = { start: 0, middle: width / 2, end: width }[at['text-anchor'] ?? 'start']!;
    return at.transform === undefined
      ? {
          text,
          left: x - before,
          right: x - before + width,
          top: y - 0.75 * height,
          bottom: y + 0.2 * height,
        }
      : {
          text,
          left: x - 0.75 * height,
          right: x + 0.2 * height,
          top: y + before - width,
          bottom: y + before,
        };
  });
}

describe('every picture', () => {
  test('has words that cover no others', () => {
    fc.assert(
      fc.property(chart, theme, size, (of, look, room) => {
        const words = boxes(draw(of, look, room));
        for (const [i, a] of words.entries()) {
          for (const b of words.slice(i + 1)) {
            const covers = a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
            if (covers) expect.fail(`${a.text} covers ${b.text}`);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('keeps words and marks on the paper, with numbers for places', () => {
    fc.assert(
      fc.property(chart, size, (of, room) => {
        const svg = draw(of, 'light', room);
        const [width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!.slice(1).map(Number) as [
          number,
          number,
        ];
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
        for (const { left, right, top, bottom, text } of boxes(svg)) {
          const inside = Math.min(left, top) >= -1 && right <= width + 1 && bottom <= height + 1;
          if (!inside) expect.fail(`${text} at ${left} ${top} to ${right} ${bottom}`);
        }
        for (const { cx, cy, title } of marks(svg)) {
          if (cx === undefined) continue;
          expect(title).not.toBe('');
          expect(Number(cx)).toSatisfy((x: number) => x >= -1 && x <= width + 1);
          expect(Number(cy)).toSatisfy((y: number) => y >= -1 && y <= height + 1);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('is well-formed XML whatever things are called', async () => {
    const { Resvg } = await import('@resvg/resvg-js');
    fc.assert(
      fc.property(
        fc.oneof(
          name,
          fc.constantFrom(
            '<img onerror=alert(1)>',
            ']]>&"\'',
            '\u202egnp.exe',
            '\ud800',
            '\u001b[31m',
            'x'.repeat(10_000),
          ),
        ),
        panel,
        (word, one) => {
          const svg = draw({
            kind: 'best',
            title: word,
            subtitle: word,
            summary: word,
            foot: word,
            warnings: [word],
            panels: [one],
          });
          expect(svg).not.toMatch(/<(?!\/?(?:svg|title|desc|rect|text|circle|path|line)\b)/);
          expect(svg).not.toMatch(/\p{Cc}(?<!\n)|[\u202a-\u202e\u2066-\u2069]/u);
          new Resvg(svg, { font: { loadSystemFonts: false } });
        },
      ),
      { numRuns: 40 },
    );
  });

  test('is the same text every time', () => {
    fc.assert(
      fc.property(chart, theme, size, (of, look, room) => {
        expect(draw(of, look, room)).toBe(draw(of, look, room));
      }),
      { numRuns: 20 },
    );
  });
});

describe('colours', () => {
  const themes = Object.entries(THEMES) as [ThemeName, (typeof THEMES)[ThemeName]][];

  test.each(themes)('%s: words stand out from the paper by 4.5 to 1', (_, { paper, ink, muted, hues }) => {
    for (const colour of [ink, muted, ...METHODS.map((one) => hues[one])]) {
      expect(contrast(colour, paper), colour).toBeGreaterThanOrEqual(4.5);
    }
  });

  test.each(themes)('%s: words in bars and cells stand out by 4.5 to 1', (_, { hues, cells }) => {
    const ramp = Array.from({ length: 101 }, (__, i) => between(...cells, i / 100));
    for (const fill of [...Object.values(hues), ...ramp]) {
      expect(contrast(inkOn(fill), fill), fill).toBeGreaterThanOrEqual(4.5);
    }
  });

  test.each(themes)(
    '%s: lines and bars stand out from the paper by 1.6 to 1 and more',
    (_, { paper, hues }) => {
      for (const colour of Object.values(hues)) expect(contrast(colour, paper)).toBeGreaterThan(1.6);
    },
  );

  test.each(themes)('%s: hues stay apart for those who see no red or no green', (_, { hues }) => {
    const parts = ['draft', 'verify', 'sampling', 'overhead', 'prefill'] as const;
    const own = ['blue', 'orange', 'green', 'purple'] as const;
    for (const see of [PROTAN, DEUTAN]) {
      for (const group of [parts, own]) {
        group.forEach((a, i) => {
          for (const b of group.slice(i + 1)) {
            expect(distance(see(hues[a]), see(hues[b])), `${a} and ${b}`).toBeGreaterThan(0.07);
          }
        });
      }
    }
  });
});

/** Machado, Oliveira and Fernandes (2009), severity 1: on linear light. */
function simulated(matrix: readonly number[]) {
  return (colour: string): number[] => {
    const light = [1, 3, 5].map((at) => {
      const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return [0, 3, 6].map((row) => light.reduce((sum, value, i) => sum + matrix[row + i]! * value, 0));
  };
}
const PROTAN = simulated([
  0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998,
]);
const DEUTAN = simulated([
  0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881,
]);

/** In Oklab, where 0.02 is just seen. */
function distance(a: readonly number[], b: readonly number[]): number {
  const lab = ([r, g, bl]: readonly number[]): number[] => {
    const [l, m, s] = [
      0.4122214708 * r! + 0.5363325363 * g! + 0.0514459929 * bl!,
      0.2119034982 * r! + 0.6806995451 * g! + 0.1073969566 * bl!,
      0.0883024619 * r! + 0.2817188376 * g! + 0.6299787005 * bl!,
    ].map((value) => Math.cbrt(value)) as [number, number, number];
    return [
      0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
      1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
      0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
    ];
  };
  const [p, q] = [lab(a), lab(b)];
  return Math.hypot(...p.map((value, i) => value - q[i]!));
}
