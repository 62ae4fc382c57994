/**
 * Colours: Okabe-Ito hues, darkened or lightened until text in them stands out from the paper by 4.5 to 1 and more.
 * Parts of a step have hues of their own, apart from those of methods and from each other in lightness too.
 */
/** On light paper and on dark. */
const HUES = {
  plain: ['#57606a', '#a9b2bc'],
  blue: ['#0068a8', '#5db7ee'],
  orange: ['#b84c00', '#ff9655'],
  green: ['#00795a', '#3ecf9f'],
  purple: ['#8427d6', '#a970ff'],
  olive: ['#756300', '#d8c74c'],
  teal: ['#007a8c', '#57d3e0'],
  draft: ['#f0b22e', '#f0b22e'],
  verify: ['#35588f', '#4f78b8'],
  sampling: ['#c78fd6', '#c78fd6'],
  overhead: ['#8b949e', '#6c7580'],
  prefill: ['#6fcdb8', '#6fcdb8'],
  gain: ['#00795a', '#3ecf9f'],
  loss: ['#b84c00', '#ff9655'],
} as const;

/** Colours by what they stand for: methods have theirs, parts of a step and changes have others. */
export type Hue = keyof typeof HUES;

const huesOn = (paper: 0 | 1) =>
  Object.fromEntries(Object.entries(HUES).map(([hue, of]) => [hue, of[paper]])) as Record<Hue, string>;

const LIGHT = {
  paper: '#ffffff',
  ink: '#1b1f24',
  muted: '#57606a',
  grid: '#dfe3e8',
  /** The palest and the darkest cell of a map. */
  cells: ['#f1f7f5', '#00694d'] as readonly [string, string],
  hues: huesOn(0),
  /** Width of a line, and how much a band hides of what is behind it. */
  line: 2,
  band: 0.16,
};

export type Theme = Readonly<typeof LIGHT>;

const DARK: Theme = {
  ...LIGHT,
  paper: '#14181d',
  ink: '#eceff2',
  muted: '#a9b2bc',
  grid: '#2d343c',
  cells: ['#1d2a2a', '#57d3a8'],
  hues: huesOn(1),
  band: 0.22,
};

const PRINT: Theme = {
  ...LIGHT,
  ink: '#000000',
  muted: '#333333',
  grid: '#cccccc',
  hues: { ...LIGHT.hues, plain: '#333333' },
  line: 2.4,
  band: 0.14,
};

export const THEMES = { light: LIGHT as Theme, dark: DARK, print: PRINT };

export type ThemeName = keyof typeof THEMES;

/** Relative luminance of a colour, 0 to 1 (WCAG 2). */
function luminance(colour: string): number {
  const [r, g, b] = channels(colour)
    .map((value) => value / 255)
    .map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** How far two colours stand apart, 1 to 21 (WCAG 2). */
export function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** Black or white, whichever is read better on a colour: one of them always by 4.5 to 1. */
export function inkOn(fill: string): string {
  return contrast('#000000', fill) >= contrast('#ffffff', fill) ? '#000000' : '#ffffff';
}

/** The colour a share of the way from one to another. */
export function between(from: string, to: string, share: number): string {
  const end = channels(to);
  const mixed = channels(from).map((value, i) => Math.round(value + share * (end[i]! - value)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}
