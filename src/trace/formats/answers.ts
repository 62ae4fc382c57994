/**
 * Answer files of Spec-Bench and EAGLE, their extracts with one turn a line, and those of DFlash runs. Lengths
 * count the bonus token (`drafts_accepted` does not); they follow the prefill's token. Where there are no lengths,
 * a request has its mean: new tokens over steps. EAGLE's `idxs` is the index of the last step.
 */
import { UserError } from '../../errors.ts';
import { lengthOfAccepted, MAX_K } from '../conventions.ts';
import type { Drafting, Rates } from '../record.ts';
import { StepCollector, type StepRequest } from '../steps.ts';
import {
  countAt,
  countsAt,
  idAt,
  isObject,
  type Json,
  listAt,
  NO_RATES,
  nameOf,
  objectAt,
  optional,
  provenanceOf,
} from './fields.ts';
import type { JsonFormat } from './format.ts';

/** Columns of lengths, and what to add to them. Another method on the same prompts has its name in the column. */
const COLUMN = /^(accept_lengths|acceptance_lengths|drafts_accepted)(?:_(\w+))?$/;

export const answers: JsonFormat = {
  name: 'answers',
  title: 'Spec-Bench or EAGLE answers JSONL',
  items: 'json',
  recognises: (value) =>
    isObject(value) &&
    ((Array.isArray(value.choices) && isObject(value.choices[0]) && 'new_tokens' in value.choices[0]) ||
      'decoding_steps' in value ||
      ('eagle' in value && 'base' in value) ||
      Object.keys(value).some((key) => COLUMN.test(key))),
  open(where, stated) {
    const byMethod = new Map<string, StepCollector>();
    const rates: Rates[] = [];
    let ownMethod: string | null = null;

    const addSteps = (method: string, request: StepRequest, at: string): void => {
      const steps = byMethod.get(method) ?? new StepCollector();
      byMethod.set(method, steps);
      steps.add(request, at);
    };
    const addMean = (
      label: string,
      method: string | null,
      tokens: number,
      rounds: number,
      at: string,
    ): void => {
      if (tokens < rounds)
        throw new UserError(`${at}: ${tokens} new tokens in ${rounds} steps, expected one or more a step`);
      rates.push({
        ...NO_RATES,
        label,
        method,
        rounds,
        acceptedTokens: tokens - rounds,
        meanLength: rounds === 0 ? null : tokens / rounds,
      });
    };

    const addChoice = (choice: Json, id: string, at: string): void => {
      const tokens = countsAt(choice.new_tokens, 'choices[].new_tokens', at, 0, 2 ** 27);
      if (choice.accept_lengths === undefined) {
        const last = countsAt(choice.idxs, 'choices[].idxs', at, 0, 2 ** 27);
        if (last.length !== tokens.length)
          throw new UserError(
            `${at}: choices[].idxs has ${last.length} turns, expected ${tokens.length} as in new_tokens`,
          );
        last.forEach((index, turn) => {
          addMean(`${id}/${turn}`, null, tokens[turn]!, index + 1, at);
        });
        return;
      }
      const lengths = countsAt(choice.accept_lengths, 'choices[].accept_lengths', at, 1, MAX_K + 1);
      const turns = countsAt(choice.decoding_steps, 'choices[].decoding_steps', at, 0, 2 ** 27);
      const steps = turns.reduce((sum, count) => sum + count, 0);
      if (steps !== lengths.length)
        throw new UserError(
          `${at}: choices[].accept_lengths has ${lengths.length} rounds, expected ${steps}, the sum of decoding_steps`,
        );
      let begin = 0;
      turns.forEach((count, turn) => {
        const emitted = lengths.slice(begin, begin + count);
        begin += count;
        addSteps(
          ownMethod ?? 'unknown',
          { id: `${id}/${turn}`, promptTokens: null, outputTokens: null, emitted, proposed: null },
          at,
        );
      });
    };

    const addExtract = (item: Json, id: string, at: string): void => {
      const condition = optional(item.condition_id, (name) => idAt(name, 'condition_id', at));
      const promptTokens = optional(item.prompt_tokens, (n) =>
        countAt(n, 'prompt_tokens', at, 0, 2 ** 31 - 1),
      );
      let found = false;
      for (const [field, value] of Object.entries(item)) {
        const [, column, other] = COLUMN.exec(field) ?? [];
        if (column === undefined || value === null) continue;
        found = true;
        const bonus = column !== 'drafts_accepted';
        const list = countsAt(value, field, at, bonus ? 1 : 0, bonus ? MAX_K + 1 : MAX_K);
        addSteps(
          other ?? condition ?? 'unknown',
          {
            id,
            promptTokens,
            outputTokens: null,
            emitted: bonus ? list : list.map(lengthOfAccepted),
            proposed: null,
          },
          at,
        );
      }
      if (found) return;
      if (isObject(item.eagle)) {
        addMean(
          id,
          'eagle',
          countAt(item.eagle.new_tokens, 'eagle.new_tokens', at),
          countAt(item.eagle.idxs, 'eagle.idxs', at) + 1,
          at,
        );
        return;
      }
      const tokens = item.new_tokens ?? item.generated_token_count;
      const field = item.new_tokens === undefined ? 'generated_token_count' : 'new_tokens';
      const count = countAt(tokens, field, at);
      // A line without steps or lengths is of decoding without a drafter: a token a round.
      const rounds = optional(item.decoding_steps, (n) => countAt(n, 'decoding_steps', at)) ?? count;
      addMean(id, condition, count, rounds, at);
    };

    return {
      add(value, at) {
        const item = objectAt(value, 'the value', at);
        const own = item.question_id ?? item.id ?? item.sample_id;
        let id = idAt(own, 'question_id (or id, sample_id)', at);
        if (typeof item.model_id === 'string') ownMethod ??= item.model_id;
        if (item.turn !== undefined) id = `${id}/${countAt(item.turn, 'turn', at)}`;
        if (item.choices === undefined) {
          addExtract(item, id, at);
          return;
        }
        const choices = listAt(item.choices, 'choices', at);
        choices.forEach((choice, i) => {
          addChoice(objectAt(choice, `choices[${i}]`, at), choices.length === 1 ? id : `${id}#${i}`, at);
        });
      },
      finish() {
        const provenance = provenanceOf(where, 'answers file');
        const name = nameOf(where);
        if (byMethod.size > 0) {
          const drafters = [...byMethod].map(([method, steps]) =>
            steps.finish(method, stated.drafting ?? draftingOf(method), stated.k),
          );
          return { kind: 'step-indexed', name, provenance, drafters };
        }
        if (rates.length === 0) throw new UserError(`${where}: no answer with lengths or steps`);
        return { kind: 'rates', name, provenance, rates };
      },
    };
  },
};

/** What the names of Spec-Bench's methods say. */
function draftingOf(method: string): Drafting {
  if (/dflash/i.test(method)) return 'block';
  if (/eagle|medusa|hydra/i.test(method)) return 'tree';
  return /sps|pld|lookup/i.test(method) ? 'chain' : 'unknown';
}
