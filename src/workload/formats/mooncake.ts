/**
 * Traces that name `input_length` and `output_length`, which mean different things by where they are from: Mooncake and
 * AIPerf (milliseconds, a hash for 512 tokens, sessions of turns with delays), Qwen's Bailian traces (seconds, 16 tokens),
 * and ServeGen's batch jobs (no times, 16 tokens).
 */
import { UserError } from '../../errors.ts';
import type { Json } from '../../trace/formats/fields.ts';
import type { WorkloadRow } from '../workload.ts';
import type { JsonWorkload } from './format.ts';
import { ALL_AT_ONCE, failed, hashesAt, TURNS_WAIT, timeAt, tokensAt } from './values.ts';

const hasLengths = (object: Json) => 'input_length' in object || 'output_length' in object;
const isBailian = (object: Json) => 'chat_id' in object && hasLengths(object);
const isServeGenBatch = (object: Json) =>
  'request_id' in object && 'type' in object && 'input_length' in object && !('timestamp' in object);

function requestAt(object: Json, atS: number, blockTokens: number, where: string): WorkloadRow {
  const promptTokens = tokensAt(object, 'input_length', where);
  const hashes = hashesAt(object, promptTokens, blockTokens, where);
  return {
    atS,
    promptTokens,
    outputTokens: tokensAt(object, 'output_length', where),
    ...(hashes !== undefined && { hashes }),
  };
}

const NO_HISTORY =
  'prompts are as long as the file says; AIPerf sends what came before in the session as well';

const MOONCAKE_BLOCK = 512;
const QWEN_BLOCK = 16;

/**
 * When requests come. Those of a session wait for the one before, as AIPerf sends them (timing/strategies/fixed_schedule.py):
 * at their time where that is later, or so long after its end as their delay says, or at once. A first turn without a
 * time comes with the last request that has one, after its delay.
 */
export function sessionTimes(
  say: (note: string) => void,
): (object: Json, where: string) => Pick<WorkloadRow, 'atS' | 'turn'> {
  const lastS = new Map<unknown, number>();
  let latestS = 0;
  return (object, where) => {
    const { session_id: named } = object;
    const session = named ?? undefined;
    const before = session === undefined ? undefined : lastS.get(session);
    if (before !== undefined) say(TURNS_WAIT);
    let atS: number;
    let delayS: number | null = null;
    if (object.timestamp !== undefined && object.timestamp !== null) {
      atS = timeAt(object, 'timestamp', 'milliseconds', where) / 1000;
      latestS = atS;
    } else {
      if (session === undefined) throw failed(object, 'timestamp', 'milliseconds of at least 0', where);
      const delay = object.delay ?? object.delay_ms ?? 0;
      delayS = timeAt({ delay }, 'delay', 'milliseconds', where) / 1000;
      atS = (before ?? latestS) + delayS;
    }
    if (session === undefined) return { atS };
    // No turn is before the one that it follows.
    const inTurnS = Math.max(atS, before ?? atS);
    lastS.set(session, inTurnS);
    return { atS: inTurnS, turn: { session, delayS } };
  };
}

export const mooncake: JsonWorkload = {
  name: 'Mooncake JSONL',
  items: 'json',
  blockTokens: MOONCAKE_BLOCK,
  recognises: (object) => hasLengths(object) && !isBailian(object) && !isServeGenBatch(object),
  reading(say) {
    const timeOf = sessionTimes((note) => {
      say(note);
      say(NO_HISTORY);
    });
    return (object, where) => ({
      ...requestAt(object, 0, MOONCAKE_BLOCK, where),
      ...timeOf(object, where),
    });
  },
};

export const bailian: JsonWorkload = {
  name: 'Qwen Bailian JSONL',
  items: 'json',
  blockTokens: QWEN_BLOCK,
  recognises: isBailian,
  reading: () => (object, where) =>
    requestAt(object, timeAt(object, 'timestamp', 'seconds', where), QWEN_BLOCK, where),
};

export const serveGenBatch: JsonWorkload = {
  name: 'ServeGen batch JSONL',
  items: 'json',
  blockTokens: QWEN_BLOCK,
  notes: [ALL_AT_ONCE],
  recognises: isServeGenBatch,
  reading: () => (object, where) => {
    if (object.output_length === undefined)
      throw new UserError(
        `${where}: output_length: missing; a trace of content hashes alone has no output lengths, expected one with both`,
      );
    return requestAt(object, 0, QWEN_BLOCK, where);
  },
};
