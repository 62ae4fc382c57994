/** The bandit of two drafters: who drafts, who is paid, and what a change costs. */
import { describe, expect, it } from 'vitest';
import { StepWork } from '../../src/cost/work.ts';
import { assembleDrafter } from '../../src/drafter/assemble.ts';
import { parseMethod } from '../../src/drafter/methods.ts';
import { AS_RECORDED } from '../../src/drafter/replay.ts';
import type { PolicySpec } from '../../src/policy/policies.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';
import { PlainPrices } from '../plain-prices.ts';

const ROUNDS = 200;

/** Steps that all take as long. */
const FLAT = new PlainPrices(() => ({ verifyS: 1 }));

/** One request of which every round can emit so much. */
const always = (emitted: number): PositionLengths => ({
  kind: 'recording',
  maxK: 20,
  offsets: Int32Array.of(0, 10 * ROUNDS),
  emitted: new Uint8Array(10 * ROUNDS).fill(emitted),
  proposed: 'always',
});

function rounds(first: number, second: number, policy: PolicySpec = { kind: 'fixed' }) {
  const drafter = assembleDrafter(
    parseMethod('bandit:eagle+eagle3'),
    3,
    [always(first), always(second)],
    AS_RECORDED,
    { policy, cost: FLAT, seed: 1 },
  );
  const work = new StepWork(2, 3);
  let position = 1;
  return Array.from({ length: ROUNDS }, () => {
    work.clear();
    drafter.stepBegins(1, position);
    drafter.round(0, position, 1000, position, work);
    position += drafter.emitted;
    const lengths = work.drafts.map(({ longest }) => longest);
    const catchUp = Math.max(...work.drafts.map(({ catchUpTokens }) => catchUpTokens));
    return { lengths, catchUp, emitted: drafter.emitted, switches: work.switches };
  });
}

describe('a bandit', () => {
  it('tries both, and then drafts with the one that is faster, but for a try now and then', () => {
    const all = rounds(1, 4);
    expect(all.slice(0, 2).map(({ lengths }) => lengths)).toEqual([
      [3, 0],
      [0, 3],
    ]);
    const second = all.filter(({ lengths }) => lengths[1] === 3).length;
    expect(second).toBeGreaterThan(0.9 * ROUNDS);
    expect(second).toBeLessThan(ROUNDS - 1);
  });

  it('runs and pays one of them in each round', () => {
    for (const { lengths } of rounds(2, 3)) expect(lengths.filter((length) => length > 0)).toHaveLength(1);
  });

  it('lets the one that drafts read what it missed, and states a switch when it takes over', () => {
    const all = rounds(1, 4);
    // The first drafts once and emits 1; the second has the first token and that one to read.
    expect(all[0]).toMatchObject({ catchUp: 1, switches: 0 });
    expect(all[1]).toMatchObject({ catchUp: 2, switches: 1 });
    all.slice(1).forEach(({ lengths, switches }, i) => {
      expect(switches).toBe(lengths.join() === all[i]!.lengths.join() ? 0 : 1);
    });
    const back = all.findIndex(({ lengths }, i) => i > 1 && lengths[0] === 3);
    const missed = all.slice(1, back).reduce((sum, { emitted }) => sum + emitted, 0);
    expect(all[back]!.catchUp).toBe(1 + missed);
  });

  it('lets an oracle draft what the one whose turn it is will have accepted', () => {
    for (const { lengths, emitted } of rounds(2, 3, { kind: 'noisy-oracle', chance: 1 })) {
      expect(lengths.join()).toBe(emitted === 2 ? '1,0' : '0,2');
    }
  });
});
