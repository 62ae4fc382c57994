/** Files in and out of the page; what is opened is told by its content and stays in the browser. */

import type { ChartKind } from '../plot/chart.ts';
import { DEFAULT_SIZE, draw } from '../plot/draw.ts';
import type { ThemeName } from '../plot/themes.ts';
import { OPTION_NAMES } from '../scenario/option-table.ts';
import type { OptionName } from '../scenario/options.ts';
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

/**
 * What a file is: a value for an option, or a scenario, alone or in a result, to go back to.
 *
 * @throws Error for what is nothing of that
 */
export function recognised(
  text: string,
  name: string,
): { option: OptionName } | { scenario: Record<string, unknown> } {
  if (text.trim() === '') throw new Error('is empty, expected a trace, config.json, a profile or a result');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    if (name.endsWith('.json'))
      throw new Error('not valid JSON, expected a profile, config.json or a result');
    return { option: 'trace' };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { option: 'trace' };
  const has = (...keys: readonly string[]) => keys.some((key) => Object.hasOwn(json, key));
  const { config } = json as { config?: unknown };
  if (has('schemaVersion') && typeof config === 'object' && config !== null)
    return { scenario: config as Record<string, unknown> };
  if (has('specification')) return { option: 'gpu' };
  if (has('graphSizes', 'stepOverhead')) return { option: 'engine' };
  if (has('hidden_size', 'architectures', 'text_config', 'hidden')) return { option: 'target' };
  const keys = Object.keys(json).filter((key) => key !== '$schema');
  if (keys.length > 0 && keys.every((key) => OPTION_NAMES.includes(key as OptionName)))
    return { scenario: json as Record<string, unknown> };
  return { option: 'trace' };
}

interface Saved {
  readonly name: string;
  readonly blob: Blob;
}

/** What a button saves. */
export async function pictureOf(
  kind: 'svg' | 'png' | 'csv' | 'json' | 'scenario',
  reply: Reply | null,
  theme: ThemeName,
  chart: ChartKind,
): Promise<Saved> {
  const { result, charts, csv } = reply!;
  const text = (ending: string, type: string, content: string) => ({
    name: `specsim-${result.configHash.slice(0, 12)}.${ending}`,
    blob: new Blob([content], { type }),
  });
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  if (kind === 'csv') return text('csv', 'text/csv', csv);
  if (kind === 'json') return text('json', 'application/json', json(result));
  if (kind === 'scenario') return text('scenario.json', 'application/json', json(result.config));
  const svg = draw(charts[chart]!, theme);
  if (kind === 'svg') return text('svg', 'image/svg+xml', svg);
  return { name: text('png', '', '').name, blob: await painted(svg) };
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
