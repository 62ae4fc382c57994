/** Requests of other simulators and benchmarks, with counted tokens: LLMServingSim and SGLang's autobench. */

import type { JsonWorkload } from './format.ts';
import { timeAt, tokensAt } from './values.ts';

export const llmServingSim: JsonWorkload = {
  name: 'LLMServingSim JSONL',
  items: 'json',
  recognises: (object) => 'input_toks' in object || 'output_toks' in object,
  reading: () => (object, where) => ({
    atS: timeAt(object, 'arrival_time_ns', 'nanoseconds', where) / 1e9,
    promptTokens: tokensAt(object, 'input_toks', where),
    outputTokens: tokensAt(object, 'output_toks', where),
  }),
};

export const sglangAutobench: JsonWorkload = {
  name: 'SGLang autobench JSONL',
  items: 'json',
  recognises: (object) => 'prompt_len' in object && 'output_len' in object,
  reading: () => (object, where) => ({
    atS: object.timestamp === undefined ? 0 : timeAt(object, 'timestamp', 'milliseconds', where) / 1000,
    promptTokens: tokensAt(object, 'prompt_len', where),
    outputTokens: tokensAt(object, 'output_len', where),
  }),
};
