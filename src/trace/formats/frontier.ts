/** Frontier's trace of committed tokens an iteration (bonus counted), with or without the scheduled drafts. */
import { UserError } from '../../errors.ts';
import { MAX_K } from '../conventions.ts';
import { StepCollector } from '../steps.ts';
import { countsAt, isObject, nameOf, objectAt, optional, provenanceOf } from './fields.ts';
import type { JsonFormat } from './format.ts';

const COMMITTED = 'committed_tokens_per_iteration';
const SCHEDULED = 'scheduled_draft_tokens_per_iteration';

export const frontier: JsonFormat = {
  name: 'frontier',
  title: 'Frontier acceptance trace',
  items: 'json',
  recognises: (value) =>
    isObject(value)
      ? COMMITTED in value || `per_request_${COMMITTED}` in value
      : typeof value[0] === 'number',
  open(where, stated) {
    const steps = new StepCollector();
    const add = (id: string, committed: unknown, scheduled: unknown, field: string, at: string): void =>
      steps.add(
        {
          id,
          promptTokens: null,
          outputTokens: null,
          emitted: countsAt(committed, field, at, 1, MAX_K + 1),
          proposed: optional(scheduled, (list) => countsAt(list, SCHEDULED, at, 0, MAX_K)),
        },
        at,
      );
    return {
      add(value, at) {
        if (Array.isArray(value)) {
          if (value.length === 0) throw new UserError(`${at}: an empty list, expected committed tokens`);
          add(String(steps.requests), value, null, 'the list', at);
          return;
        }
        const item = objectAt(value, 'the value', at);
        const requests = item[`per_request_${COMMITTED}`];
        if (requests === undefined) {
          add(String(steps.requests), item[COMMITTED], item[SCHEDULED], COMMITTED, at);
          return;
        }
        const scheduled = optional(item[`per_request_${SCHEDULED}`], (o) =>
          objectAt(o, `per_request_${SCHEDULED}`, at),
        );
        for (const [id, list] of Object.entries(objectAt(requests, `per_request_${COMMITTED}`, at))) {
          add(
            id,
            list,
            scheduled !== null && Object.hasOwn(scheduled, id) ? scheduled[id] : null,
            `per_request_${COMMITTED}.${id}`,
            at,
          );
        }
      },
      finish() {
        if (steps.requests === 0) throw new UserError(`${where}: no request with committed tokens`);
        return {
          kind: 'step-indexed',
          name: nameOf(where),
          provenance: provenanceOf(where, 'Frontier'),
          drafters: [steps.finish('unknown', stated.drafting ?? 'chain', stated.k)],
        };
      },
    };
  },
};
