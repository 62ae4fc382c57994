/** Values of an object of a workload, with errors that name line and field. */
import { shown, UserError } from '../../errors.ts';
import { isObject, type Json } from '../../trace/formats/fields.ts';

/** Ten times the longest context of any model. */
export const MOST_TOKENS = 10_000_000;

/** A whole number of tokens of at least 0; null for anything else. */
export function tokenCount(value: unknown): number | null {
  const count = typeof value === 'string' && /^\d+(\.0+)?$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= MOST_TOKENS
    ? count
    : null;
}

export function failed(object: Json, field: string, expected: string, where: string): UserError {
  return new UserError(
    `${where}: ${field}: ${object[field] === undefined ? 'missing' : `got ${shown(object[field])}`}, expected ${expected}`,
  );
}

export function tokensAt(object: Json, field: string, where: string): number {
  const count = typeof object[field] === 'number' ? tokenCount(object[field]) : null;
  if (count === null) throw failed(object, field, `a whole number of tokens from 0 to ${MOST_TOKENS}`, where);
  return count;
}

/** @param unit what the number counts, for errors */
export function timeAt(object: Json, field: string, unit: string, where: string): number {
  const time = object[field];
  if (typeof time !== 'number' || !Number.isFinite(time) || time < 0)
    throw failed(object, field, `${unit} of at least 0`, where);
  return time;
}

/**
 * Hashes of the blocks of a prompt; undefined where there are none.
 *
 * @throws UserError for more hashes than the prompt has blocks: then they stand for fewer tokens each
 */
export function hashesAt(
  object: Json,
  promptTokens: number,
  blockTokens: number,
  where: string,
): readonly number[] | undefined {
  const { hash_ids: hashes } = object;
  if (hashes === undefined || hashes === null) return undefined;
  if (!Array.isArray(hashes) || !hashes.every(Number.isSafeInteger))
    throw failed(object, 'hash_ids', 'a list of whole numbers', where);
  const blocks = Math.ceil(promptTokens / blockTokens);
  if (hashes.length > blocks) {
    throw new UserError(
      `${where}: hash_ids: got ${hashes.length} hashes of a prompt of ${promptTokens} tokens, expected at most ${blocks} of ${blockTokens} tokens each; is it another format?`,
    );
  }
  return hashes as number[];
}

/**
 * Tokens of a text, about: English has four characters a token, scripts without spaces between words one and a half.
 */
export function tokensOfText(text: string): number {
  let dense = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x2e80) dense++;
  return text === '' ? 0 : Math.max(1, Math.round((text.length - dense) / 4 + dense / 1.5));
}

/** The text of a message: as it stands, or in parts of which some are text. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join(' ');
}

export const ESTIMATED =
  'lengths are estimated from texts, at four characters a token: expect them to be 10 to 30% off';
export const TURNS_WAIT =
  'turns of a session wait for the one before; delays count from its end, as where AIPerf replays the file';
export const ALL_AT_ONCE =
  'the file does not say when requests came: all come at once; --load poisson:RATE spreads them';
