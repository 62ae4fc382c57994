/** Files in and out of the page; what is opened stays in the browser. */
import { csvTable } from '../csv.ts';
import { DEFAULT_SIZE } from '../plot/draw.ts';
import { flatRows } from '../report/flat-rows.ts';
import type { Reply } from './worker.ts';

/** Larger files are for the command line. */
const MOST_BYTES = 64e6;

/** The text of a file, unpacked where it is gzip. */
export async function readFileText(file: File): Promise<string> {
  if (file.size > MOST_BYTES) throw new Error(`has ${file.size} bytes, expected at most ${MOST_BYTES}`);
  const head = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (head[0] !== 0x1f || head[1] !== 0x8b) return file.text();
  const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true });
    if (text.length > MOST_BYTES) throw new Error(`unpacks to more than ${MOST_BYTES} bytes`);
  }
  return text + decoder.decode();
}

/** Name of its button, what it says of itself, ending and type of the file, and what is in it. */
type Saving = readonly [
  name: string,
  title: string,
  ending: string,
  type: string,
  content: (reply: Reply, firstPicture: () => string) => BlobPart | Promise<BlobPart>,
];

const jsonOf = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const [SVG, PNG, CSV, JSON_TYPE] = ['image/svg+xml', 'image/png', 'text/csv', 'application/json'];

export const SAVINGS: readonly Saving[] = [
  ['SVG', 'the first picture', 'svg', SVG, (_, svg) => svg()],
  ['PNG', 'it in pixels', 'png', PNG, (_, svg) => painted(svg())],
  ['CSV', 'the rows', 'csv', CSV, ({ result }) => csvTable(flatRows(result))],
  ['JSON', 'all, to open again', 'json', JSON_TYPE, ({ result }) => jsonOf(result)],
  ['Scenario', 'a file for specsim run', 'scenario.json', JSON_TYPE, ({ result }) => jsonOf(result.config)],
];

export async function save(saving: Saving, reply: Reply, firstPicture: () => string): Promise<void> {
  const [, , ending, type, content] = saving;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([await content(reply, firstPicture)], { type }));
  link.download = `specsim-${reply.result.configHash.slice(0, 12)}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Twice as many pixels as the picture has. */
async function painted(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: SVG }));
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = 2 * (image.naturalWidth || DEFAULT_SIZE.width);
  canvas.height = 2 * (image.naturalHeight || DEFAULT_SIZE.height);
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob!), PNG));
}
