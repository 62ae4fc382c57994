/** What llama.cpp's mtp-bench.py prints: a line a prompt; the aggregate below is the same once more, and is not read. */

import { UserError } from '../../errors.ts';
import { meanLengthOf } from '../conventions.ts';
import { NO_RATES } from './fields.ts';
import { logRates, neededAfter } from './rates-format.ts';

const MARK = /^\s*(\S+)\s+pred= *\d+ draft= *\d+ acc= *\d+/;

export const llamacppMtpBench = logRates({
  name: 'llamacpp-mtp-bench',
  title: "output of llama.cpp's mtp-bench",
  source: 'mtp-bench',
  engine: 'llama.cpp',
  recognises: (line) => MARK.test(line),
  reading: () => (line, at) => {
    const label = MARK.exec(line)?.[1];
    if (label === undefined) return undefined;
    const predicted = neededAfter(line, 'pred=', at);
    const drafted = neededAfter(line, 'draft=', at);
    const accepted = neededAfter(line, 'acc=', at);
    const all = predicted - 1 - accepted;
    if (all < 0 || accepted > drafted)
      throw new UserError(
        `${at}: ${accepted} drafts accepted of ${drafted} and of ${predicted} tokens, expected at most that`,
      );
    // The first token is the prefill's, each round has one of its own; those that drafted have a draft or more.
    const rounds = Math.min(all, drafted);
    if (rounds === 0) return null;
    return {
      ...NO_RATES,
      label,
      rounds,
      draftedTokens: drafted,
      acceptedTokens: accepted,
      meanLength: meanLengthOf(accepted, rounds),
      roundsWithoutProposal: all - rounds,
    };
  },
});
