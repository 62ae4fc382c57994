/**
 * Conversations, as agents and chats hold them: requests in a row that go on with one another. The prompt of a turn is what
 * all conversations begin with (a system prompt, tools), the turns before it with their answers, and its own new text.
 * It comes a while after the end of the turn before (a tool runs, a person reads).
 *
 * Left out: turns that leave out or rewrite what came before (compaction), and calls side by side (subagents).
 */
import type { Turns } from './turns.ts';
import type { PrefixHashes } from './workload.ts';

export interface Conversations extends Turns {
  /** Of each request, all that came before included. */
  readonly promptTokens: Int32Array;
  /** Of the whole blocks of every request's prompt and answer, numbered from 0. */
  readonly prefixHashes: PrefixHashes & { readonly hashes: Int32Array; readonly distinct: number };
}

interface Shape {
  /** Requests of a conversation; the last one may have fewer. */
  readonly turns: number;
  readonly delayS: number;
  /** Tokens that all begin with. */
  readonly sharedTokens: number;
  readonly blockTokens: number;
}

/**
 * Each `turns` requests in a row as a conversation.
 *
 * @param promptTokens new text of each request
 * @param outputTokens its answer, as the next turns have it in their prompts
 */
export function conversationsOf(
  promptTokens: Int32Array,
  outputTokens: Int32Array,
  { turns, delayS, sharedTokens, blockTokens }: Shape,
): Conversations {
  const requests = promptTokens.length;
  const prompts = promptsOfTurns(promptTokens, outputTokens, turns, sharedTokens);
  const next = new Int32Array(requests).fill(-1);
  const offsets = new Int32Array(requests + 1);
  for (let r = 0; r < requests; r++) {
    if (r % turns > 0) next[r - 1] = r;
    offsets[r + 1] = offsets[r]! + Math.floor((prompts[r]! + outputTokens[r]!) / blockTokens);
  }
  const hashes = new Int32Array(offsets[requests]!);
  const shared = Math.floor(sharedTokens / blockTokens);
  let distinct = shared;
  for (let r = 0; r < requests; r++) {
    const blocks = offsets[r + 1]! - offsets[r]!;
    // A text is only ever added to, so that a block of a conversation is the same in all its turns.
    for (let b = 0; b < blocks; b++) hashes[offsets[r]! + b] = b < shared ? b : distinct + b - shared;
    if (next[r] === -1) distinct += Math.max(0, blocks - shared);
  }
  return {
    first: Int32Array.from({ length: Math.ceil(requests / turns) }, (_, c) => c * turns),
    next,
    delayS: new Float64Array(requests).fill(delayS),
    offsetS: new Float64Array(requests),
    promptTokens: prompts,
    prefixHashes: { offsets, hashes, blockTokens, distinct },
  };
}

/** Tokens of each request's prompt where each `turns` in a row are a conversation: all that came before, and its own. */
export function promptsOfTurns(
  promptTokens: Int32Array,
  outputTokens: Int32Array,
  turns: number,
  sharedTokens: number,
): Int32Array {
  let text = sharedTokens;
  return promptTokens.map((own, r) => {
    const prompt = (r % turns === 0 ? sharedTokens : text) + own;
    text = prompt + outputTokens[r]!;
    return prompt;
  });
}
