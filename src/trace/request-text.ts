/**
 * The text of one request, prompt and output, as engines log it: token ids, or words where nobody has the ids
 * (docs/formats.md). Words are numbered within the request; how long they are in tokens is not known.
 */
import { UserError } from '../errors.ts';
import { countsAt, idAt, type Json, objectAt, parseJson } from './formats/fields.ts';

/** Fields that may hold the prompt and the output, token ids before text; the first that is there counts. */
const FIELDS = {
  prompt: ['prompt_token_ids', 'input_token_ids', 'prompt_ids', 'input_ids', 'prompt', 'input', 'question'],
  output: [
    'output_token_ids',
    'generated_token_ids',
    'completion_token_ids',
    'response_token_ids',
    'token_ids',
    'output_ids',
    'output',
    'completion',
    'response',
    'generated_text',
    'answer',
  ],
} as const;
const IDS = ['id', 'request_id', 'request'] as const;

const MAX_TOKEN_ID = 2 ** 31 - 1;
/** Tokens of prompt and output. */
const MAX_TOKENS = 2 ** 24;

export interface RequestText {
  /** Null where the line does not name it. */
  readonly id: string | null;
  readonly unit: 'token ids' | 'words';
  readonly prompt: readonly number[];
  readonly output: readonly number[];
}

/**
 * @param line one JSON object
 * @param at its file and line, for messages
 * @throws UserError with the field
 */
export function parseRequestText(line: string, at: string): RequestText {
  const item = objectAt(parseJson(line, at), 'the line', at);
  const idField = IDS.find((field) => item[field] !== undefined && item[field] !== null);
  const id = idField === undefined ? null : idAt(item[idField], idField, at);
  const promptField = fieldOf(item, 'prompt', at);
  const outputField = fieldOf(item, 'output', at);
  const [prompt, output] = [item[promptField], item[outputField]];
  if ((typeof prompt === 'string') !== (typeof output === 'string')) {
    const kind = (value: unknown) => (typeof value === 'string' ? 'text' : 'token ids');
    throw new UserError(
      `${at}: ${promptField} is ${kind(prompt)} and ${outputField} is ${kind(output)}, expected both alike`,
    );
  }
  let unit: RequestText['unit'] = 'token ids';
  let ids: (value: unknown, field: string) => number[];
  if (typeof prompt === 'string') {
    unit = 'words';
    const numbers = new Map<string, number>();
    ids = (value) =>
      wordsOf(value as string).map((word) => {
        if (!numbers.has(word)) numbers.set(word, numbers.size);
        return numbers.get(word)!;
      });
  } else ids = (value, field) => countsAt(value, field, at, 0, MAX_TOKEN_ID);
  const text = { id, unit, prompt: ids(prompt, promptField), output: ids(output, outputField) };
  const tokens = text.prompt.length + text.output.length;
  if (tokens > MAX_TOKENS)
    throw new UserError(`${at}: ${tokens} tokens, expected at most ${MAX_TOKENS} a request`);
  return text;
}

function fieldOf(item: Json, what: 'prompt' | 'output', at: string): string {
  const fields: readonly string[] = FIELDS[what];
  const found = fields.find((field) => item[field] !== undefined && item[field] !== null);
  if (found !== undefined) return found;
  throw new UserError(`${at}: no ${what}, expected one of the fields ${fields.join(', ')}`);
}

/** Runs of letters and of digits, and every other sign by itself; white space parts them. */
function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{M}]+|\p{N}+|[^\s\p{L}\p{M}\p{N}]/gu) ?? [];
}
