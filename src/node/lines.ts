/** Text files as a stream of lines, out of gzip where the name says so. */
import { UserError } from '../errors.ts';
import { chunksOf } from './input.ts';

/** A line may not be longer than a string can be. */
const MAX_LINE = 2 ** 28;
const NEWLINE = 10;

/**
 * The lines of a file without their ends, many at a time.
 *
 * @param encoding `utf8`: every byte has to be; `lossy`: others become U+FFFD, as in logs
 * @throws UserError when the file cannot be read
 */
export async function* linesOf(path: string, encoding: 'utf8' | 'lossy'): AsyncGenerator<string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: encoding === 'utf8', ignoreBOM: true });
  let rest: Buffer[] = [];
  let restBytes = 0;
  let line = 0;
  const decode = (part: Buffer): string => {
    line++;
    try {
      const text = decoder.decode(part);
      if (encoding === 'lossy' || !text.includes('\0')) return text;
    } catch {}
    throw new UserError(`${path}, line ${line}: bytes that are not UTF-8 text`);
  };
  for await (const chunk of chunksOf(path, path)) {
    const lines: string[] = [];
    let begin = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, begin)) {
      const part = chunk.subarray(begin, end);
      lines.push(decode(rest.length === 0 ? part : Buffer.concat([...rest, part])));
      rest = [];
      restBytes = 0;
      begin = end + 1;
    }
    rest.push(chunk.subarray(begin));
    restBytes += chunk.length - begin;
    if (restBytes > MAX_LINE)
      throw new UserError(
        `${path}, line ${line + 1}: a line of more than ${MAX_LINE} bytes, expected shorter ones`,
      );
    if (lines.length > 0) yield lines;
  }
  if (restBytes > 0) yield [decode(Buffer.concat(rest))];
}
