/** Copies of attention that share experts: what one copy does of a step. */
import { expect, it } from 'vitest';
import { shared } from '../../src/cost/shared-experts.ts';
import {
  type CostModel,
  noSeconds,
  PassWork,
  StepWork,
  totalSeconds,
  Verified,
} from '../../src/cost/work.ts';
import { forwardShape } from '../../src/model/shape.ts';
import { modelCard } from '../shipped-models.ts';

/** Says what it was asked to price. */
function witness(seen: object[]): CostModel {
  const of = ({ sequences, tokens, contextTokens, attentionPairs, logitRows }: PassWork) => ({
    ...{ sequences, tokens, contextTokens, attentionPairs, logitRows },
  });
  return {
    name: 'witness',
    priceStep({ verify, prefill, drafted, drafts }, cost) {
      const [draft] = drafts;
      seen.push({
        verify: of(verify),
        prefill: of(prefill),
        drafted,
        catchUp: draft?.catchUpTokens ?? 0,
        drafting: draft?.sequencesOfLength[2] ?? 0,
      });
      Object.assign(cost, noSeconds(), { verifyS: 1 });
    },
    pricePrefill(prompts, cost) {
      seen.push(of(prompts));
      Object.assign(cost, noSeconds(), { prefillS: 2 });
    },
  };
}

it('every copy has its part of the sequences, the fullest one more', () => {
  const seen: object[] = [];
  const work = new StepWork(1, 2);
  const verified = new Verified();
  verified.chain(2);
  work.addRounds(5, 5 * 100, verified);
  work.drafts[0]!.add(5, 2, 100, 3);
  const cost = noSeconds();
  shared(witness(seen), 2).priceStep(work, cost);
  expect(totalSeconds(cost)).toBe(1);
  // Three of five: 9 of 15 tokens, 3 x (100 + 2) tokens of context, 3 x (3 x 100 + 3) pairs.
  expect(seen).toEqual([
    {
      verify: { sequences: 3, tokens: 9, contextTokens: 306, attentionPairs: 909, logitRows: 9 },
      prefill: { sequences: 0, tokens: 0, contextTokens: 0, attentionPairs: 0, logitRows: 0 },
      drafted: 6,
      catchUp: 9,
      drafting: 3,
    },
  ]);
});

it('prompts are spread over all copies', () => {
  const seen: object[] = [];
  const prompts = new PassWork();
  Object.assign(prompts, {
    sequences: 1,
    tokens: 1001,
    contextTokens: 1001,
    attentionPairs: 1001,
    logitRows: 1,
  });
  shared(witness(seen), 4).pricePrefill(prompts, noSeconds());
  expect(seen).toEqual([
    { sequences: 1, tokens: 251, contextTokens: 250.25, attentionPairs: 250.25, logitRows: 1 },
  ]);
});

it('one copy is priced as it is', () => {
  const cost = witness([]);
  expect(shared(cost, 1)).toBe(cost);
});

it('copies keep all of attention and share the experts', () => {
  const mixtral = modelCard('mixtral-8x7b');
  const one = forwardShape(mixtral, { tp: 1, dtype: 'bf16' });
  const two = forwardShape(mixtral, { tp: 1, dtype: 'bf16', copies: 2, ep: 2 });
  expect(two.gemms).toEqual(one.gemms);
  expect(two.experts).toMatchObject({ groups: 2, ffn: one.experts!.ffn });
  expect(two).toMatchObject({ copies: 2, exchanges: 32, allReduces: 0 });
  expect(one).toMatchObject({ copies: 1, exchanges: 0 });
  expect(() => forwardShape(mixtral, { tp: 1, dtype: 'bf16', copies: 2, ep: 4 })).toThrow(
    '--ep 4: mixtral-8x7b has 8 experts on 2 GPUs, expected a number that divides both',
  );
  expect(() => forwardShape(modelCard('llama-3.1-8b'), { tp: 1, dtype: 'bf16', copies: 2 })).toThrow(
    '--dp-attention 2: llama-3.1-8b has no experts to share',
  );
});
