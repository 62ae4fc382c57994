/**
 * Reads the recordings of SpecDecode-Bench: one JSON object a line, one line a request, position-indexed at
 * k = 20. The target, the engine and the output limit are not in the file: they are those of the published one.
 */
import { shown, UserError } from '../../errors.ts';
import { flatTokens, flatten, offsetsOf } from '../flat.ts';
import { LOOK_UPS, lookUp } from '../lookup.ts';
import type { AcceptanceTrace, TokenIds } from '../trace.ts';
import type { LineFormat } from './format.ts';

/** The fields of a line, for telling the format from others. */
const specDecodeBenchFields = [
  'id',
  'prompt_token_ids',
  'generated_token_ids',
  'acc_eagle',
  'acc_ngram',
] as const;

const MAX_K = LOOK_UPS.ngram.maxK;
const OUTPUT_LIMIT = 8192;
const MAX_TOKEN_ID = 2 ** 31 - 1;

interface Request {
  readonly id: string;
  readonly prompt: Int32Array;
  readonly output: Int32Array;
  readonly ngram: Uint8Array;
  readonly eagle: Uint8Array;
}

/** Drafters `ngram`, whose proposals are looked up on the token ids, and `eagle3`, of another generation. */
export const specDecodeBench: LineFormat = {
  name: 'specdecode-bench',
  title: 'SpecDecode-Bench JSONL',
  items: 'lines',
  // A damaged file should still be recognised.
  recognises: (line) =>
    /^\s*\{/.test(line) &&
    specDecodeBenchFields.some((field) => field !== 'id' && line.includes(`"${field}"`)),
  open(where) {
    const requests: Request[] = [];
    const lineOfId = new Map<string, string>();
    return {
      add(line, at) {
        const json = line.trim();
        if (json === '') return;
        const request = parseRequest(json, at);
        const earlier = lineOfId.get(request.id);
        if (earlier !== undefined)
          throw new UserError(`${at}: id ${shown(request.id)} was on ${earlier} already`);
        lineOfId.set(request.id, at.slice(at.lastIndexOf('line ')));
        requests.push(request);
      },
      finish() {
        if (requests.length === 0)
          throw new UserError(`${where}: empty file, expected one json object a line`);
        return { kind: 'position-indexed', trace: traceOf(requests, where) };
      },
    };
  },
};

function traceOf(requests: readonly Request[], where: string): AcceptanceTrace {
  const prompts = requests.map((request) => request.prompt);
  const outputs = requests.map((request) => request.output);
  const eagle = requests.map((request) => request.eagle);
  const tokens = flatTokens(prompts, outputs);
  const eagleOffsets = offsetsOf(eagle);
  const dataset = datasetOf(where);
  return {
    name: dataset,
    provenance: {
      source: 'SpecDecode-Bench/simulator',
      target: 'llama-3.1-8b',
      dataset,
      engine: 'vllm 0.10.1',
      licence: null,
    },
    ids: requests.map((request) => request.id),
    promptTokens: Int32Array.from(prompts, (prompt) => prompt.length),
    outputTokens: Int32Array.from(outputs, (output) => output.length),
    outputLimit: OUTPUT_LIMIT,
    drafters: new Map([
      [
        'ngram',
        {
          maxK: MAX_K,
          offsets: tokens.outputOffsets,
          ...recordedLookUp(
            tokens,
            requests.map((request) => request.ngram),
          ),
          kind: 'recording',
        },
      ],
      [
        'eagle3',
        {
          maxK: MAX_K,
          offsets: eagleOffsets,
          emitted: flatten(eagle, new Uint8Array(eagleOffsets.at(-1)!)),
          proposed: 'always',
          kind: 'recording',
        },
      ],
    ]),
    tokens,
  };
}

/**
 * The recorded lengths with the proposals of a look-up. Lengths within maxK of the end of the output were
 * recorded as if the text ran on, and may exceed what the look-up explains; then they count as proposed.
 */
function recordedLookUp(
  tokens: TokenIds,
  lengths: readonly Uint8Array[],
): { emitted: Uint8Array; proposed: Uint8Array } {
  const emitted = flatten(lengths, new Uint8Array(tokens.output.length));
  const { proposed } = lookUp(tokens, LOOK_UPS.ngram);
  for (let i = 0; i < emitted.length; i++) proposed[i] = Math.max(proposed[i]!, emitted[i]! - 1);
  return { emitted, proposed };
}

function datasetOf(where: string): string {
  const name = where.slice(Math.max(where.lastIndexOf('/'), where.lastIndexOf('\\')) + 1);
  return name
    .replace(/\.gz$/, '')
    .replace(/\.jsonl?$/, '')
    .replace(/^combined_(?=.)/, '');
}

function parseRequest(json: string, where: string): Request {
  const fields = parseObject(json, where);
  for (const field of specDecodeBenchFields) {
    if (!Object.hasOwn(fields, field)) throw new UserError(`${where}: field ${field} is missing`);
  }
  const id = fields.id;
  if (!(typeof id === 'string' && id !== '') && !Number.isSafeInteger(id)) {
    throw new UserError(`${where}: id is ${shown(id)}, expected a string or an integer`);
  }
  const output = integers(fields.generated_token_ids, 0, MAX_TOKEN_ID, where, 'generated_token_ids');
  const ngram = accepted(fields.acc_ngram, where, 'acc_ngram');
  if (ngram.length !== output.length) {
    throw new UserError(
      `${where}: acc_ngram.acc_len has ${ngram.length} elements, expected ${output.length} as in generated_token_ids`,
    );
  }
  return {
    id: String(id),
    prompt: Int32Array.from(integers(fields.prompt_token_ids, 0, MAX_TOKEN_ID, where, 'prompt_token_ids')),
    output: Int32Array.from(output),
    ngram: Uint8Array.from(ngram),
    eagle: Uint8Array.from(accepted(fields.acc_eagle, where, 'acc_eagle')),
  };
}

function parseObject(json: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new UserError(
      json.startsWith('{') && !json.endsWith('}')
        ? `${where}: the json object is cut off, its last characters are ${shown(json.slice(-20))}`
        : `${where}: not json, starts with ${shown(json.slice(0, 20))}`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError(`${where}: expected a json object, got ${shown(value)}`);
  }
  return value as Record<string, unknown>;
}

/** The `acc_len` of one drafter: at least the prefill's token, which is 1. */
function accepted(value: unknown, where: string, field: string): readonly number[] {
  const lengths = (value as { acc_len?: unknown } | null)?.acc_len;
  const list = integers(lengths, 1, MAX_K + 1, where, `${field}.acc_len`);
  if (list[0] !== 1) {
    throw new UserError(
      list.length === 0
        ? `${where}: ${field}.acc_len is empty, expected one element an output token`
        : `${where}: ${field}.acc_len[0] is ${list[0]}, expected 1, the token that the prefill emits`,
    );
  }
  return list;
}

function integers(value: unknown, min: number, max: number, where: string, field: string): readonly number[] {
  if (!Array.isArray(value)) {
    throw new UserError(`${where}: ${field} is ${shown(value)}, expected a list of integers`);
  }
  for (let i = 0; i < value.length; i++) {
    const item: unknown = value[i];
    if (!Number.isInteger(item) || (item as number) < min || (item as number) > max) {
      throw new UserError(`${where}: ${field}[${i}] is ${shown(item)}, expected an integer ${min} to ${max}`);
    }
  }
  return value as number[];
}
