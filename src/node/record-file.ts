/** Acceptance files on disk: text, read line by line, or Parquet, whose rows are read as the lines of a CSV file. */
import { open } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import type { Stated } from '../trace/formats/format.ts';
import { RecordReader } from '../trace/read.ts';
import type { AcceptanceRecord } from '../trace/record.ts';
import { chunksOf } from './input.ts';
import { linesOf } from './lines.ts';

/** What a Parquet file begins with. */
const PARQUET = 'PAR1';
/** Rows of a Parquet file are unpacked at once. */
const MOST_PARQUET_BYTES = 2 ** 28;

/** @throws UserError when the file cannot be read or breaks its format */
export async function readRecordFile(
  path: string,
  stated: Stated,
  from: string | null,
): Promise<AcceptanceRecord> {
  const reader = new RecordReader(path, stated, from);
  if (await isParquet(path)) {
    const { parquetLines } = await import('./parquet-lines.ts');
    for (const line of await parquetLines(await wholeOf(path), path)) reader.add(line);
  } else {
    for await (const lines of linesOf(path, 'lossy')) for (const line of lines) reader.add(line);
  }
  return reader.finish();
}

/** False for a file that cannot be read, which is told by whoever reads it. */
async function isParquet(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  try {
    const { buffer } = await file.read(Buffer.alloc(PARQUET.length), 0, PARQUET.length, 0);
    return buffer.toString('latin1') === PARQUET;
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

async function wholeOf(path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(path, path)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MOST_PARQUET_BYTES) {
      throw new UserError(`${path}: more than ${MOST_PARQUET_BYTES} bytes of Parquet, expected fewer`);
    }
  }
  return Buffer.concat(chunks);
}
