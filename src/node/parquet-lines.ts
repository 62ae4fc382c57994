/** A Parquet file as the lines of a CSV file, by hyparquet; packed by Snappy, gzip or, from Node 22.15 on, zstd. */
import * as zlib from 'node:zlib';
import { type Compressors, parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet';
import { csvLine } from '../csv.ts';
import { UserError } from '../errors.ts';

const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (packed: Uint8Array) => Uint8Array };

const COMPRESSORS: Compressors = {
  GZIP: (packed) => zlib.gunzipSync(packed),
  ...(zstdDecompressSync !== undefined && { ZSTD: (packed: Uint8Array) => zstdDecompressSync(packed) }),
};

/**
 * The names of the columns, then every row; a null is empty.
 *
 * @throws UserError for a file that is broken, or packed in a way that is not read
 */
export async function parquetLines(bytes: Uint8Array, what: string): Promise<string[]> {
  const file = new Uint8Array(bytes).buffer;
  try {
    const metadata = parquetMetadata(file);
    const names = parquetSchema(metadata).children.map(({ element }) => element.name);
    const rows = await parquetReadObjects({ file, metadata, compressors: COMPRESSORS });
    return [names, ...rows.map((row) => names.map((name) => String(row[name] ?? '')))].map((cells) =>
      csvLine(cells).trimEnd(),
    );
  } catch (error) {
    const hint = zstdDecompressSync === undefined ? ', expected Snappy or gzip (zstd needs Node 22.15)' : '';
    throw new UserError(
      `${what}: not readable as Parquet: ${(error as Error).message.split('\n')[0]}${hint}`,
    );
  }
}
