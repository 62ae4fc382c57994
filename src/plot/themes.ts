/**
 * Colours: Okabe-Ito hues, darkened or lightened until text in them stands out from the paper by 4.5 to 1 and more.
 * Parts of a step have hues of their own, apart from those of methods and from each other in lightness too.
 */
import type { Hue } from './chart.ts';

export interface Theme {
  readonly paper: string;
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  /** The palest and the darkest cell of a map. */
  readonly cells: readonly [string, string];
  readonly hues: Readonly<Record<Hue, string>>;
  /** Width of a line. */
  readonly line: number;
  readonly band: number;
}

export type ThemeName = 'light' | 'dark' | 'print';

const LIGHT: Theme = {
  paper: '#ffffff',
  ink: '#1b1f24',
  muted: '#57606a',
  grid: '#dfe3e8',
  cells: ['#f1f7f5', '#00694d'],
  hues: {
    plain: '#57606a',
    blue: '#0068a8',
    orange: '#b84c00',
    green: '#00795a',
    purple: '#8427d6',
    olive: '#756300',
    teal: '#007a8c',
    draft: '#f0b22e',
    verify: '#35588f',
    sampling: '#c78fd6',
    overhead: '#8b949e',
    prefill: '#6fcdb8',
    gain: '#00795a',
    loss: '#b84c00',
  },
  line: 2,
  band: 0.16,
};

export const THEMES: Readonly<Record<ThemeName, Theme>> = {
  light: LIGHT,
  dark: {
    ...LIGHT,
    paper: '#14181d',
    ink: '#eceff2',
    muted: '#a9b2bc',
    grid: '#2d343c',
    cells: ['#1d2a2a', '#57d3a8'],
    hues: {
      plain: '#a9b2bc',
      blue: '#5db7ee',
      orange: '#ff9655',
      green: '#3ecf9f',
      purple: '#a970ff',
      olive: '#d8c74c',
      teal: '#57d3e0',
      draft: '#f0b22e',
      verify: '#4f78b8',
      sampling: '#c78fd6',
      overhead: '#6c7580',
      prefill: '#6fcdb8',
      gain: '#3ecf9f',
      loss: '#ff9655',
    },
    band: 0.22,
  },
  print: {
    ...LIGHT,
    ink: '#000000',
    muted: '#333333',
    grid: '#cccccc',
    hues: { ...LIGHT.hues, plain: '#333333' },
    line: 2.4,
    band: 0.14,
  },
};

/** Relative luminance of a colour, 0 to 1 (WCAG 2). */
function luminance(colour: string): number {
  const [r, g, b] = channels(colour).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
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
