/**
 * SGLang's `/metrics`, which has gauges: the accept length of the moment, bonus token counted, of each rank that serves
 * requests of its own. Ranks weigh their running requests. How many tokens a round drafts is there in new versions alone.
 */
import { UserError } from '../../errors.ts';
import { MAX_K } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { checkTotals, NO_RATES, nameOf, provenanceOf } from './fields.ts';
import type { LineFormat } from './format.ts';
import { isOf, sampleIn } from './prometheus.ts';

const LENGTH = 'spec_accept_length';
const GAUGES = [LENGTH, 'spec_num_draft_tokens', 'num_running_reqs'] as const;

export const sglangPrometheus: LineFormat = {
  name: 'sglang-prometheus',
  title: 'SGLang Prometheus scrape',
  items: 'lines',
  recognises: (line) => isOf(line, 'sglang') && isOf(line, LENGTH),
  open(where) {
    const ranks = new Map<string, Map<string, number>>();
    let target: string | null = null;
    return {
      add(line, at) {
        const gauge = GAUGES.find((name) => isOf(line, `sglang:${name}`) || isOf(line, `sglang_${name}`));
        const sample = gauge === undefined ? null : sampleIn(line, at);
        if (gauge === undefined || sample === null || !sample.name.endsWith(gauge)) return;
        const { labels, value } = sample;
        // Ranks of tensor and pipeline parallelism serve the same requests.
        if ((labels.get('tp_rank') ?? '0') !== '0' || (labels.get('pp_rank') ?? '0') !== '0') return;
        target ??= labels.get('model_name') ?? null;
        const rank = `rank ${labels.get('dp_rank') || '0'}${labels.has('instance') ? ` of ${labels.get('instance')}` : ''}`;
        const gauges = ranks.get(rank) ?? new Map<string, number>();
        ranks.set(rank, gauges.set(gauge, value));
      },
      finish() {
        const rates = [...ranks].flatMap(([label, gauges]): Rates[] => {
          const meanLength = gauges.get(LENGTH);
          if (meanLength === undefined || !(meanLength >= 1)) return [];
          // The pass has one token more than is drafted.
          const k = (gauges.get('spec_num_draft_tokens') ?? 0) - 1;
          const running = gauges.get('num_running_reqs') ?? 0;
          return [
            checkTotals(
              {
                ...NO_RATES,
                label,
                k: Number.isInteger(k) && k >= 1 && k <= MAX_K ? k : null,
                meanLength,
                roundsWithoutProposal: 0,
                ...(running > 0 && { weight: running }),
              },
              where,
            ),
          ];
        });
        if (rates.length === 0)
          throw new UserError(
            `${where}: sglang:${LENGTH} is 0 or missing: is speculation on, and did anything run?`,
          );
        return {
          kind: 'rates',
          name: nameOf(where),
          provenance: provenanceOf(where, 'SGLang Prometheus gauges', {
            engine: 'sglang',
            ...(target !== null && { target }),
          }),
          rates,
        };
      },
    };
  },
};
