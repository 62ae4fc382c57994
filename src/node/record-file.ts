/** Acceptance files on disk: read as a stream of lines, out of gzip where the name says so. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { UserError } from '../errors.ts';
import type { Stated } from '../trace/formats/format.ts';
import { RecordReader } from '../trace/read.ts';
import type { AcceptanceRecord } from '../trace/record.ts';

/** Bytes read at a time. */
const CHUNK = 2 ** 20;
/** A line may not be longer than a string can be. */
const MAX_LINE = 2 ** 28;

/** @throws UserError when the file cannot be read or breaks its format */
export async function readRecordFile(
  path: string,
  stated: Stated,
  from: string | null,
): Promise<AcceptanceRecord> {
  const reader = new RecordReader(path, stated, from);
  const file = createReadStream(path, { highWaterMark: CHUNK });
  // An error of the file also ends the iteration below, with that error.
  const bytes = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => {}) : file;
  const decoder = new StringDecoder('utf8');
  let rest = '';
  try {
    for await (const chunk of bytes) {
      const text = rest + decoder.write(chunk as Buffer);
      let begin = 0;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', begin)) {
        reader.add(text.slice(begin, end));
        begin = end + 1;
      }
      rest = text.slice(begin);
      if (rest.length > MAX_LINE)
        throw new UserError(`${path}: a line of more than ${MAX_LINE} characters, expected shorter ones`);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === 'ENOENT'
        ? `${path}: no such file`
        : code?.startsWith('Z_')
          ? `${path}: not valid gzip: ${message}`
          : `${path}: cannot be read (${code ?? message}), expected a readable file`,
    );
  }
  rest += decoder.end();
  if (rest !== '') reader.add(rest);
  return reader.finish();
}
