/** Pictures in files: SVG as drawn, PNG by resvg with the shipped font, HTML as a report. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UserError } from '../errors.ts';
import type { Chart } from '../plot/chart.ts';
import { DEFAULT_SIZE, draw, LEAST_SIZE, type Size } from '../plot/draw.ts';
import { FONT } from '../plot/text.ts';
import { THEMES, type ThemeName } from '../plot/themes.ts';
import { checkWritable, writeWhole } from './output.ts';

export interface Look {
  readonly theme: ThemeName;
  readonly size: Size;
  readonly title: string | undefined;
}

export const USUAL_LOOK: Look = { theme: 'light', size: DEFAULT_SIZE, title: undefined };

const ENDINGS = ['svg', 'png', 'html'] as const;
export type Ending = (typeof ENDINGS)[number];

/** Times as many pixels as the picture has. */
const PNG_SCALE = 2;
const MOST_PIXELS = 4000;

/**
 * Checks, before anything is run, that a picture can be made in that form.
 *
 * @param flag that named the file
 */
export async function checkPicture(file: string, flag: string): Promise<Ending> {
  const ending = ENDINGS.find((one) => file.endsWith(`.${one}`));
  if (ending === undefined) {
    throw new UserError(
      `${flag} ${file}: expected a file that ends in ${ENDINGS.map((e) => `.${e}`).join(', ')}`,
    );
  }
  await checkWritable(file, flag);
  if (ending === 'png') await resvg();
  return ending;
}

/** @throws UserError for what is no theme or size */
export function lookOf({ theme, size, title }: { theme?: string; size?: string; title?: string }): Look {
  const [, width, height] =
    /^(\d{1,5})x(\d{1,5})$/.exec(size ?? `${DEFAULT_SIZE.width}x${DEFAULT_SIZE.height}`) ?? [];
  const asked = { width: Number(width), height: Number(height) };
  const fits = (of: number, least: number) => of >= least && of <= MOST_PIXELS;
  if (!fits(asked.width, LEAST_SIZE.width) || !fits(asked.height, LEAST_SIZE.height)) {
    throw new UserError(
      `--size: got "${size}", expected pixels such as 760x440, from ${LEAST_SIZE.width}x${LEAST_SIZE.height} to ${MOST_PIXELS}x${MOST_PIXELS}`,
    );
  }
  const known = Object.keys(THEMES).find((name) => name === (theme ?? 'light')) as ThemeName | undefined;
  if (known === undefined)
    throw new UserError(`--theme: got "${theme}", expected one of ${Object.keys(THEMES).join(', ')}`);
  return { theme: known, size: asked, title };
}

/** Writes a chart as SVG or PNG. */
export async function writePicture(
  file: string,
  ending: 'svg' | 'png',
  chart: Chart,
  look: Look,
): Promise<void> {
  const svg = draw(look.title === undefined ? chart : { ...chart, title: look.title }, look.theme, look.size);
  await writeWhole(file, ending === 'svg' ? svg : await pngOf(svg));
}

/** The same text gives the same bytes: no font of the system is looked at. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  const { Resvg } = await resvg();
  const folder = ['../fonts/', '../../dist/fonts/'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const fonts = folder.find((path) => existsSync(path));
  if (fonts === undefined) throw new Error('no font was built');
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: PNG_SCALE },
    font: {
      fontFiles: [`${fonts}noto-sans.ttf`, `${fonts}noto-sans-bold.ttf`],
      loadSystemFonts: false,
      defaultFontFamily: FONT.split(',')[0]!,
    },
  });
  return image.render().asPng();
}

async function resvg(): Promise<typeof import('@resvg/resvg-js')> {
  return import('@resvg/resvg-js').catch(() => {
    throw new UserError(
      'PNG needs the optional package @resvg/resvg-js, which is not installed: npm install @resvg/resvg-js, or name a .svg',
    );
  });
}
