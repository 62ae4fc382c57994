/**
 * The log of vLLM V0 (0.4 to 0.7): running totals since the start, so that the last line before a restart counts. What
 * it calls accepted are also tokens that the target agrees with behind a rejected draft: the mean is emitted tokens a
 * round, and what a round keeps of its drafts follows from that. Rounds without a draft are not counted.
 */
import { UserError } from '../../errors.ts';
import type { Rates } from '../record.ts';
import { checkFollows, NO_RATES } from './fields.ts';
import { logRates, neededAfter, numberAfter } from './rates-format.ts';

const MARK = 'Speculative metrics:';
const EMITTED = 'Number of emitted tokens:';

export const vllmV0Log = logRates({
  name: 'vllm-v0-log',
  title: 'vLLM V0 log',
  source: 'vLLM V0 log',
  engine: 'vllm',
  recognises: (line) => line.includes(MARK) && line.includes(EMITTED),
  reading: () => (line, at, label) => {
    if (!line.includes(MARK) || !line.includes(EMITTED)) return undefined;
    const k = neededAfter(line, 'Number of speculative tokens:', at);
    const drafted = neededAfter(line, 'Number of draft tokens:', at);
    const agreed = neededAfter(line, 'Number of accepted tokens:', at);
    const emitted = neededAfter(line, EMITTED, at);
    if (drafted === 0) return null;
    const rounds = Math.round(drafted / k);
    if (!Number.isInteger(k) || k < 1 || Math.abs(rounds * k - drafted) > 1e-6 * drafted)
      throw new UserError(`${at}: ${drafted} draft tokens, expected whole rounds of ${k}`);
    if (emitted < rounds || agreed > drafted)
      throw new UserError(
        `${at}: ${emitted} tokens emitted and ${agreed} accepted in ${rounds} rounds of ${k}, expected one emitted a round or more and at most ${drafted} accepted`,
      );
    const efficiency = numberAfter(line, 'System efficiency:', at);
    if (efficiency !== null)
      checkFollows(efficiency, emitted / (rounds * (k + 1)), 'system efficiency', at, 'the emitted tokens');
    return {
      ...NO_RATES,
      label: `up to line ${label}`,
      k,
      rounds,
      draftedTokens: drafted,
      acceptedTokens: emitted - rounds,
      meanLength: emitted / rounds,
    };
  },
  together: lastOfEachRun,
});

/** Totals grow until the server is started again. */
function lastOfEachRun(parts: readonly Rates[]): Rates[] {
  return parts
    .filter((part, i) => {
      const next = parts[i + 1];
      return next === undefined || next.draftedTokens! < part.draftedTokens! || next.k !== part.k;
    })
    .map((part, i) => ({ ...part, label: `run ${i + 1}` }));
}
