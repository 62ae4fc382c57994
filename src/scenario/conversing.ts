/** Requests of a trace as the turns of conversations, where a scenario asks for them or a workload recorded sessions. */
import type { AcceptanceTrace } from '../trace/trace.ts';
import { conversationsOf } from '../workload/conversations.ts';
import type { Turns } from '../workload/turns.ts';
import type { PrefixHashes } from '../workload/workload.ts';
import type { Inputs } from './inputs.ts';

/** What is served: requests, which go on with others, and what their prompts share. */
export interface Serving {
  /** With the prompts that its turns have. */
  readonly trace: AcceptanceTrace;
  /** Null where each request is one of its own. */
  readonly conversations: Turns | null;
  readonly prefixHashes: PrefixHashes | null;
}

export function conversing(
  { scenario, engine, recordedTurns, prefixHashes }: Inputs,
  trace: AcceptanceTrace,
): Serving {
  const { turns, turnDelay, sharedPrompt } = scenario;
  if (turns === null) return { trace, conversations: recordedTurns, prefixHashes };
  const conversations = conversationsOf(trace.promptTokens, trace.outputTokens, {
    turns,
    delayS: turnDelay,
    sharedTokens: sharedPrompt,
    blockTokens: engine.blockTokens,
  });
  return {
    trace: { ...trace, promptTokens: conversations.promptTokens },
    conversations,
    prefixHashes: conversations.prefixHashes,
  };
}
