/** What a text was before it was taken for UTF-8, told by what is left of it. */

/** Characters looked at. */
const HEAD = 400;

/**
 * Why a text is none that can be read: the encoding it has, or that it has none. Null where nothing speaks against it.
 * A file that was decoded as UTF-8 although it is UTF-16 has a zero beside every Latin letter.
 */
export function foreignEncoding(text: string): string | null {
  const head = text.slice(0, HEAD);
  let zeros = 0;
  for (let i = 0; i < head.length; i++) if (head.charCodeAt(i) === 0) zeros++;
  if (zeros >= head.length / 3 && /[\x20-\x7e]\0[\x20-\x7e]\0/.test(head.replaceAll('\uFFFD', '')))
    return 'UTF-16 text, expected UTF-8 (iconv -f UTF-16 -t UTF-8)';
  return zeros > 0 || head.includes('\uFFFD') ? 'not a text file' : null;
}
