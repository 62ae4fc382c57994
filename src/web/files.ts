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

interface Saving {
  /** Of its button. */
  readonly name: string;
  readonly title: string;
  readonly ending: string;
  readonly type: string;
  /** @param svg the first picture as it is shown */
  content(reply: Reply, svg: () => string): BlobPart | Promise<BlobPart>;
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const [SVG, PNG, JSON_TYPE] = ['image/svg+xml', 'image/png', 'application/json'];

/** What the page saves. */
export const SAVINGS: readonly Saving[] = [
  { name: 'SVG', title: 'the first picture', ending: 'svg', type: SVG, content: (_, svg) => svg() },
  { name: 'PNG', title: 'it in pixels', ending: 'png', type: PNG, content: (_, svg) => painted(svg()) },
  {
    name: 'CSV',
    title: 'the rows',
    ending: 'csv',
    type: 'text/csv',
    content: ({ result }) => csvTable(flatRows(result)),
  },
  {
    name: 'JSON',
    title: 'all, to open again',
    ending: 'json',
    type: JSON_TYPE,
    content: ({ result }) => json(result),
  },
  {
    name: 'Scenario',
    title: 'a file for specsim run',
    ending: 'scenario.json',
    type: JSON_TYPE,
    content: ({ result }) => json(result.config),
  },
];

export async function save(
  { ending, type, content }: Saving,
  reply: Reply,
  svg: () => string,
): Promise<void> {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([await content(reply, svg)], { type }));
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
