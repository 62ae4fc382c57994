/** Requests of a trace as the turns of conversations, where a scenario asks for them. */
import type { AcceptanceTrace } from '../trace/trace.ts';
import { type Conversations, conversationsOf } from '../workload/conversations.ts';
import type { Inputs } from './inputs.ts';

/** The trace as it is served, with the prompts that its turns have; conversations are null where nobody asks for any. */
export function conversing(
  { scenario, engine }: Inputs,
  trace: AcceptanceTrace,
): { readonly served: AcceptanceTrace; readonly conversations: Conversations | null } {
  const { turns, turnDelay, sharedPrompt } = scenario;
  if (turns === null) return { served: trace, conversations: null };
  const conversations = conversationsOf(trace.promptTokens, trace.outputTokens, {
    turns,
    delayS: turnDelay,
    sharedTokens: sharedPrompt,
    blockTokens: engine.blockTokens,
  });
  return { served: { ...trace, promptTokens: conversations.promptTokens }, conversations };
}
