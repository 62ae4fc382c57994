/** Acceptance files on disk, read line by line. */
import type { Stated } from '../trace/formats/format.ts';
import { RecordReader } from '../trace/read.ts';
import type { AcceptanceRecord } from '../trace/record.ts';
import { linesOf } from './lines.ts';

/** @throws UserError when the file cannot be read or breaks its format */
export async function readRecordFile(
  path: string,
  stated: Stated,
  from: string | null,
): Promise<AcceptanceRecord> {
  const reader = new RecordReader(path, stated, from);
  for await (const lines of linesOf(path, 'lossy')) for (const line of lines) reader.add(line);
  return reader.finish();
}
