/**
 * Reads the recordings of SpecDecode-Bench: one JSON object a line, one line a request, position-indexed at
 * k = 20. The target, the engine and the output limit are not in the file: they are those of the published one.
 */
import { shown, UserError } from '../../errors.ts';
import { flatTokens, flatten, offsetsOf } from '../flat.ts';
import { LOOK_UPS, lookUp } from '../lookup.ts';
import type { AcceptanceTrace, TokenIds } from '../trace.ts';
import { bytesAt, countsAt, idAt, isObject, type Json, nameOf, objectAt } from './fields.ts';
import type { JsonFormat } from './format.ts';

const MAX_K = LOOK_UPS.ngram.maxK;
const OUTPUT_LIMIT = 8192;
const MAX_TOKEN_ID = 2 ** 31 - 1;

interface RecordedRequest {
  readonly id: string;
  readonly prompt: Int32Array;
  readonly output: Int32Array;
  readonly ngram: Uint8Array;
  readonly eagle: Uint8Array;
}

/** Drafters `ngram`, whose proposals are looked up on the token ids, and `eagle3`, of another generation. */
export const specDecodeBench: JsonFormat = {
  name: 'specdecode-bench',
  title: 'SpecDecode-Bench JSONL',
  items: 'json',
  whole: true,
  recognises: (value) => isObject(value) && ('acc_eagle' in value || 'acc_ngram' in value),
  open(where) {
    const requests: RecordedRequest[] = [];
    const lineOfId = new Map<string, string>();
    return {
      add(value, at) {
        const request = requestOf(objectAt(value, 'the line', at), at);
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

function traceOf(requests: readonly RecordedRequest[], where: string): AcceptanceTrace {
  const prompts = requests.map((request) => request.prompt);
  const outputs = requests.map((request) => request.output);
  const eagle = requests.map((request) => request.eagle);
  const tokens = flatTokens(prompts, outputs);
  const eagleOffsets = offsetsOf(eagle);
  const dataset = nameOf(where).replace(/^combined_(?=.)/, '');
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

function requestOf(fields: Json, at: string): RecordedRequest {
  const id = idAt(fields.id, 'id', at);
  const output = countsAt(fields.generated_token_ids, 'generated_token_ids', at, 0, MAX_TOKEN_ID);
  const ngram = lengthsOf(fields.acc_ngram, 'acc_ngram', at);
  if (ngram.length !== output.length) {
    throw new UserError(
      `${at}: acc_ngram.acc_len has ${ngram.length} elements, expected ${output.length} as in generated_token_ids`,
    );
  }
  return {
    id,
    prompt: Int32Array.from(countsAt(fields.prompt_token_ids, 'prompt_token_ids', at, 0, MAX_TOKEN_ID)),
    output: Int32Array.from(output),
    ngram,
    eagle: lengthsOf(fields.acc_eagle, 'acc_eagle', at),
  };
}

/** The `acc_len` of one drafter: at least the prefill's token, which is 1. */
function lengthsOf(value: unknown, field: string, at: string): Uint8Array {
  const lengths = bytesAt(objectAt(value, field, at).acc_len, `${field}.acc_len`, at, 1, MAX_K + 1);
  if (lengths[0] !== 1) {
    throw new UserError(
      lengths.length === 0
        ? `${at}: ${field}.acc_len is empty, expected one element an output token`
        : `${at}: ${field}.acc_len[0] is ${lengths[0]}, expected 1, the token that the prefill emits`,
    );
  }
  return lengths;
}
