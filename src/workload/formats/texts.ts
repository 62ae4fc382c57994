/**
 * Requests of which only the texts are there: ShareGPT conversations, of which, as in vLLM's and SGLang's benchmarks, the
 * first question and answer are the request, and chat messages. Their lengths are estimates.
 */
import { UserError } from '../../errors.ts';
import { isObject, type Json } from '../../trace/formats/fields.ts';
import type { WorkloadRow } from '../workload.ts';
import type { JsonWorkload } from './format.ts';
import { sessionTimes } from './mooncake.ts';
import { ALL_AT_ONCE, ESTIMATED, failed, textOf, tokensAt, tokensOfText } from './values.ts';

export const shareGpt: JsonWorkload = {
  name: 'ShareGPT JSON',
  items: 'json',
  notes: [ESTIMATED, ALL_AT_ONCE],
  recognises: (object) => Array.isArray(object.conversations) || Array.isArray(object.conversation),
  reading: () => (object, where) => {
    const field = Array.isArray(object.conversations) ? 'conversations' : 'conversation';
    const turns = object[field] as readonly unknown[];
    const texts = turns.map((turn, i) => {
      if (!isObject(turn)) throw failed({ turn }, 'turn', `an object as element ${i} of ${field}`, where);
      return { from: String(turn.from ?? turn.role ?? ''), text: textOf(turn.value ?? turn.content) };
    });
    const first = texts.findIndex(({ from }) => /^(human|user)$/.test(from));
    const answer = texts.findIndex(
      ({ from }, i) => i > first && /^(gpt|chatgpt|bing|bard|assistant)$/.test(from),
    );
    // Without a question or an answer there is no request; it is dropped and counted.
    if (first === -1 || answer === -1) return { atS: 0, promptTokens: 0, outputTokens: 0 };
    return {
      atS: 0,
      promptTokens: tokensOfText(texts[first]!.text),
      outputTokens: tokensOfText(texts[answer]!.text),
    };
  },
};

/** Where a request says how many tokens to generate, the first of them counts. */
const OUTPUT_FIELDS = ['output_length', 'output_tokens', 'max_completion_tokens', 'max_tokens'];
const ANSWER_FIELDS = ['completion', 'response', 'output', 'answer', 'generated_text'];

/** A request of OpenAI's batch files is in its body. */
const requestIn = (object: Json): Json => (isObject(object.body) ? { ...object, ...object.body } : object);

const isMessages = (object: Json) => Array.isArray(object.messages) && object.messages.some(isObject);
const isPrompt = (object: Json) =>
  typeof object.prompt === 'string' &&
  [...OUTPUT_FIELDS, ...ANSWER_FIELDS].some((field) => object[field] !== undefined);

export const chatMessages: JsonWorkload = {
  name: 'chat messages JSONL',
  items: 'json',
  notes: [ESTIMATED],
  recognises: (object) => isMessages(requestIn(object)) || isPrompt(requestIn(object)),
  reading(say) {
    const timeOf = sessionTimes(say);
    return (object, where) => {
      const request = requestIn(object);
      const timed = (request.timestamp ?? request.session_id ?? null) !== null;
      if (!timed) say(ALL_AT_ONCE);
      return { ...(timed ? timeOf(request, where) : { atS: 0 }), ...lengthsOf(request, where) };
    };
  },
};

function lengthsOf(request: Json, where: string): Omit<WorkloadRow, 'atS'> {
  const messages = (
    isMessages(request) ? request.messages : [{ role: 'user', content: request.prompt }]
  ) as Json[];
  const last = messages.at(-1)!;
  const answered = last.role === 'assistant';
  const asked = answered ? messages.slice(0, -1) : messages;
  const promptTokens = asked.reduce((sum, message) => sum + tokensOfText(textOf(message.content)), 0);
  const field = OUTPUT_FIELDS.find((name) => request[name] !== undefined && request[name] !== null);
  if (field !== undefined) return { promptTokens, outputTokens: tokensAt(request, field, where) };
  if (answered) return { promptTokens, outputTokens: tokensOfText(textOf(last.content)) };
  const answer = ANSWER_FIELDS.find((name) => request[name] !== undefined);
  if (answer !== undefined) return { promptTokens, outputTokens: tokensOfText(textOf(request[answer])) };
  throw new UserError(
    `${where}: messages: the last one is of ${JSON.stringify(last.role ?? null)}, expected an answer, or its length in ${OUTPUT_FIELDS.join(', ')}`,
  );
}
