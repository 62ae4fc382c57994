/**
 * Responses of SGLang's `/generate` and of its OpenAI endpoint. The histogram is by accepted drafts and ends at the most
 * that a round accepted; the length counts the bonus token. Every round is verified. A tree drafts more tokens than it
 * is deep; it is not read as a chain.
 */
import { UserError } from '../../errors.ts';
import { marginalOfHistogram, meanLengthOf } from '../conventions.ts';
import type { Rates } from '../record.ts';
import {
  checkFollows,
  checkHistogram,
  checkTotals,
  countAt,
  countsAt,
  idAt,
  isObject,
  type Json,
  NO_RATES,
  numberAt,
  objectAt,
  optional,
} from './fields.ts';
import type { StatedDrafts } from './format.ts';
import { jsonRates, padded } from './rates-format.ts';

/** Names of a figure, newest first. */
const HISTOGRAM = ['spec_correct_drafts_histogram', 'spec_accept_histogram'];
const ACCEPTED = ['spec_num_correct_drafts', 'spec_accepted_drafts', 'spec_accept_token_num'];
const DRAFTED = ['spec_num_proposed_drafts', 'spec_proposed_drafts', 'spec_draft_token_num'];

/** Where a response has the figures: beside its text, in its first choice, or at the top of an extract. */
function metaOf(item: Json): Json | null {
  const choice = Array.isArray(item.choices) ? item.choices[0] : null;
  const found = [item.meta_info, isObject(choice) ? choice.meta_info : null, item].find(
    (meta) => isObject(meta) && 'spec_verify_ct' in meta,
  );
  return isObject(found) ? found : null;
}

export const sglangGenerate = jsonRates({
  name: 'sglang-generate',
  title: 'SGLang /generate response',
  source: 'SGLang /generate',
  engine: 'sglang',
  recognises: (item) => metaOf(item) !== null,
  reading: () => (item, at, label) => {
    const meta = objectAt(metaOf(item), 'meta_info', at);
    // Chunks of a stream repeat the figures so far.
    if (meta.finish_reason === null) return undefined;
    const of = <T>(names: readonly string[], read: (value: unknown, field: string) => T): T | null => {
      const name = names.find((one) => meta[one] !== undefined && meta[one] !== null);
      return name === undefined ? null : read(meta[name], `meta_info.${name}`);
    };
    const rounds = countAt(meta.spec_verify_ct, 'meta_info.spec_verify_ct', at);
    if (rounds === 0) return null;
    const histogram = of(HISTOGRAM, (counts, field) =>
      countsAt(counts, field, at, 0, Number.MAX_SAFE_INTEGER),
    );
    const accepted = of(ACCEPTED, (value, field) => countAt(value, field, at));
    const drafted = of(DRAFTED, (value, field) => countAt(value, field, at));
    const stated = optional(meta.spec_accept_length, (value) =>
      numberAt(value, 'meta_info.spec_accept_length', at, 0),
    );
    if (histogram !== null && accepted !== null)
      checkHistogram(histogram, rounds, accepted, 'the histogram of accepted drafts', at);
    // The first token and the cut of the last round count in it, by version.
    const most = histogram?.length ?? (drafted === null ? 1 : drafted / rounds);
    if (accepted !== null)
      checkFollows(
        stated,
        meanLengthOf(accepted, rounds),
        'meta_info.spec_accept_length',
        at,
        'its totals',
        (most + 1) / rounds,
      );
    return {
      ...NO_RATES,
      label: optional(meta.id, (id) => idAt(id, 'meta_info.id', at)) ?? label,
      rounds,
      draftedTokens: drafted,
      acceptedTokens: accepted,
      meanLength: accepted === null ? stated : meanLengthOf(accepted, rounds),
      marginal: histogram === null ? null : marginalOfHistogram(histogram),
      roundsWithoutProposal: 0,
    };
  },
  mayBeTree: true,
  together: asChain,
});

/** All parts with the draft length of the longest. */
function asChain(parts: readonly Rates[], where: string, { drafting }: StatedDrafts): readonly Rates[] {
  const depth = Math.max(0, ...parts.map(({ marginal }) => marginal?.length ?? 0));
  const widths = parts.flatMap(({ rounds, draftedTokens }) =>
    draftedTokens === null ? [] : [draftedTokens / rounds!],
  );
  const width = Math.ceil(Math.max(0, ...widths) - 1e-9);
  if ((drafting ?? 'chain') !== 'chain' || (drafting === null && depth > 0 && width > depth)) {
    throw new UserError(
      `${where}: ${width} tokens are drafted a round, and none accepts more than ${depth}: a tree, which is not read as a chain; expected a chain (topk 1), which specsim trace import states: --drafting chain`,
    );
  }
  const k = Math.max(width, depth);
  if (k === 0) return parts;
  return padded(parts, k).map((part) => checkTotals({ ...part, k }, where));
}
