/** Files in and out of the page; what is opened stays in the browser. */

import type { ChartKind } from '../plot/chart.ts';
import { DEFAULT_SIZE, draw } from '../plot/draw.ts';
import type { ThemeName } from '../plot/themes.ts';
import type { Reply } from './worker.ts';

/** Larger files are for the command line. */
const MOST_BYTES = 64e6;

/** The text of a file, unpacked where it is gzip. */
export async function readFileText(file: File): Promise<string> {
  if (file.size > MOST_BYTES) throw new Error(`has ${file.size} bytes, expected at most ${MOST_BYTES}`);
  const head = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const packed = head[0] === 0x1f && head[1] === 0x8b;
  if (!packed) return file.text();
  const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true });
    if (text.length > MOST_BYTES) throw new Error(`unpacks to more than ${MOST_BYTES} bytes`);
  }
  return text + decoder.decode();
}

/** What the page saves, by the button for it. */
export const SAVINGS = [
  { kind: 'svg', name: 'SVG', title: 'the first picture as it is drawn' },
  { kind: 'png', name: 'PNG', title: 'the first picture in twice as many pixels' },
  { kind: 'csv', name: 'CSV', title: 'the rows' },
  { kind: 'json', name: 'JSON', title: 'the whole answer, which this page opens again' },
  { kind: 'scenario', name: 'Scenario', title: 'a file for specsim run' },
] as const;

export type Saving = (typeof SAVINGS)[number]['kind'];

interface Saved {
  readonly name: string;
  readonly blob: Blob;
}

/** What a button saves. */
export async function pictureOf(
  kind: Saving,
  { result, charts, csv }: Reply,
  theme: ThemeName,
  chart: ChartKind,
): Promise<Saved> {
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const svg = () => draw(charts[chart]!, theme);
  const [ending, type, content] = {
    svg: () => ['svg', 'image/svg+xml', svg()] as const,
    png: () => ['png', 'image/png', ''] as const,
    csv: () => ['csv', 'text/csv', csv] as const,
    json: () => ['json', 'application/json', json(result)] as const,
    scenario: () => ['scenario.json', 'application/json', json(result.config)] as const,
  }[kind]();
  const blob = kind === 'png' ? await painted(svg()) : new Blob([content], { type });
  return { name: `specsim-${result.configHash.slice(0, 12)}.${ending}`, blob };
}

/** Twice as many pixels as the picture has. */
async function painted(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = 2 * (image.naturalWidth || DEFAULT_SIZE.width);
  canvas.height = 2 * (image.naturalHeight || DEFAULT_SIZE.height);
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob!), 'image/png'));
}

export function download({ name, blob }: Saved): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
