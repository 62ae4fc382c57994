/** The result of SGLang's `bench_serving`: a line a run, with a mean over all rounds and no draft length. */
import { countAt, NO_RATES, numberAt, optional } from './fields.ts';
import { jsonRates } from './rates-format.ts';

export const sglangBench = jsonRates({
  name: 'sglang-bench',
  title: 'SGLang bench_serving result',
  source: 'SGLang bench_serving',
  engine: 'sglang',
  recognises: (value) => 'accept_length' in value && ('output_throughput' in value || 'backend' in value),
  reading: () => (item, at, label) => {
    const count = (field: string) => optional(item[field], (value) => countAt(value, field, at));
    const meanLength = optional(item.accept_length, (value) => numberAt(value, 'accept_length', at, 1));
    if (meanLength === null) return null;
    const [generated, requests] = [count('total_output_tokens'), count('completed')];
    const rounds = generated === null || requests === null ? 0 : (generated - requests) / meanLength;
    return {
      ...NO_RATES,
      label: `run ${label}`,
      meanLength,
      roundsWithoutProposal: 0,
      ...(rounds > 0 && { weight: rounds }),
    };
  },
});
