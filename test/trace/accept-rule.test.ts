/** Rules of acceptance on scores, worked out by hand, and what holds for all of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { PUBLISHED, parseAcceptRule, RULES } from '../../src/trace/accept-rule.ts';
import { relabelled } from '../../src/trace/relabel.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';

/** One output; of each token whether the draft for it is right, and the target's score of that draft. */
function recording(right: readonly boolean[], scores: readonly number[][], maxK = 4): PositionLengths {
  const emitted = Uint8Array.from(right, (_, from) => {
    let accepted = 0;
    while (from > 0 && accepted < maxK && right[from + accepted]) accepted++;
    return accepted + 1;
  });
  return {
    maxK,
    offsets: Int32Array.of(0, right.length),
    emitted,
    proposed: 'always',
    kind: 'recording',
    scores: { list: Uint8Array.from(scores.flat()) },
  };
}

const rule = (written: string) => parseAcceptRule(written)!;
const lengthsUnder = (lengths: PositionLengths, written: string) =>
  relabelled(lengths, rule(written), 'x', 1);

/** Probability and likeliest in 255ths, rank, entropy in 32nds. */
const SURE = [230, 230, 1, 16];
const NEARLY = [100, 120, 2, 32];
const WRONG = [2, 200, 40, 32];

describe('relaxed acceptance', () => {
  /** Drafts for tokens 1 to 6: right, nearly, right, wrong, right, nearly. Greedy: 2 1 2 1 2 1. */
  const lengths = recording(
    [false, true, false, true, false, true, false],
    [SURE, SURE, NEARLY, SURE, WRONG, SURE, NEARLY],
  );

  it('keeps drafts that are nearly as likely, and walks on behind them', () => {
    expect([...lengths.emitted]).toEqual([1, 2, 1, 2, 1, 2, 1]);
    const { lengths: relaxed, grade, bounds } = lengthsUnder(lengths, 'relaxed:10,0.6');
    // From 1: right, nearly, right, then wrong. From 2: nearly, right. From 5: right, nearly.
    expect([...relaxed.emitted]).toEqual([1, 4, 3, 2, 1, 3, 2]);
    expect(grade).toBe('first mismatch');
    expect(relaxed.kind).toBe('fitted');
    // Rounds at 1, 4, 5: ends behind the kept wrong draft 3 + 1 + 2, or goes on 5 + 1 + 2, clipped by the end.
    const [least, most] = bounds!(4);
    expect(least).toBeCloseTo(6 / 3, 12);
    expect(most).toBeGreaterThan(least);
  });

  it('is exact where nothing wrong is kept', () => {
    const { lengths: same, grade } = lengthsUnder(lengths, 'relaxed:1,0');
    expect([...same.emitted]).toEqual([...lengths.emitted]);
    expect([grade, same.kind]).toEqual(['exact', 'recording']);
  });
});

describe('consultant decoding', () => {
  /** -ln(2/255) = 4.85; 0.8 of it is 3.88, above 2. Behind two sure drafts r is small, 0.2 x .02 + 3.88. */
  it('stops at a surprise above its limit, and keeps everything without one', () => {
    const lengths = recording([false, true, false, true, true], [SURE, SURE, WRONG, SURE, SURE]);
    expect([...lengthsUnder(lengths, 'consultant:2,0.2').lengths.emitted]).toEqual([1, 2, 1, 3, 2]);
    expect([...lengthsUnder(lengths, 'consultant:100,0.2').lengths.emitted]).toEqual([1, 5, 4, 3, 2]);
  });
});

describe('typical acceptance', () => {
  /** exp(-1) x 0.3 = 0.11, and 0.09 is less: 100/255 is kept, but not as the first of a round. */
  it('takes the first greedily, later ones by the entropy', () => {
    const lengths = recording([false, true, false, false], [SURE, SURE, NEARLY, WRONG]);
    expect([...lengthsUnder(lengths, 'typical:0.09,0.3').lengths.emitted]).toEqual([1, 3, 1, 1]);
  });
});

/** Texts with scores in which a right draft is the likeliest. */
const texts = fc
  .array(fc.tuple(fc.boolean(), fc.nat(255), fc.nat(255), fc.integer({ min: 2, max: 30 }), fc.nat(200)), {
    minLength: 2,
    maxLength: 40,
  })
  .map((tokens) =>
    recording(
      tokens.map(([right], i) => i > 0 && right),
      tokens.map(([right, p, more, rank, entropy]) =>
        right
          ? [Math.max(p, 1), Math.max(p, 1), 1, entropy]
          : [Math.min(p, more), Math.max(p, more), rank, entropy],
      ),
    ),
  );

describe('laws', () => {
  it('a looser limit shortens no round', () => {
    const looser = [
      ['relaxed:2,0.1', 'relaxed:10,0.1', 'relaxed:10,0.6', 'relaxed:255,1'],
      ['typical:0.9,0.9', 'typical:0.3,0.9', 'typical:0.3,0.2', 'typical:0,0'],
      ['consultant:0.5,0', 'consultant:2,0', 'consultant:100,0'],
    ];
    fc.assert(
      fc.property(texts, fc.constantFrom(...looser), (lengths, rules) => {
        const all = rules.map((written) => lengthsUnder(lengths, written));
        for (let i = 1; i < all.length; i++) {
          for (const [at, tokens] of all[i]!.lengths.emitted.entries()) {
            expect(tokens).toBeGreaterThanOrEqual(all[i - 1]!.lengths.emitted[at]!);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('greedy rules keep what greedy keeps', () => {
    fc.assert(
      fc.property(texts, (lengths) => {
        const { lengths: own, grade } = lengthsUnder(lengths, 'relaxed:1,0');
        expect([...own.emitted]).toEqual([...lengths.emitted]);
        expect(grade).toBe('exact');
      }),
      { numRuns: 30 },
    );
  });
});

describe('without scores', () => {
  const row = async (options: Options) => {
    const scenario = completeScenario({ method: ['eagle3'], batch: [4], requests: 60, ...options });
    const { rows, warnings } = runScenario(await gatherInputs(scenario, folderLibrary));
    return { row: rows[0]!, warnings };
  };

  it.each(RULES)('%s is mapped at its published setting, told so, and less sure', async (kind) => {
    const greedy = await row({});
    const mapped = await row({ accept: `${kind}:${PUBLISHED[kind].at.join()}` });
    const gain = mapped.row.tokens_per_round! / greedy.row.tokens_per_round!;
    if (kind === 'sample') expect(gain).toBeLessThan(1);
    else expect(gain).toBeGreaterThan(1.01);
    expect(mapped.row.trace_kind).toBe('fitted');
    expect(mapped.warnings.join()).toContain('is mapped, by what was published');
    expect(mapped.warnings.join()).toContain('quality not modelled');
    const width = ({ speedup_lo: lo, speedup_hi: hi }: typeof greedy.row) => hi! / lo!;
    expect(width(mapped.row)).toBeGreaterThan(width(greedy.row));
  });

  it('at temperature 0 it is greedy', async () => {
    const { row: cold } = await row({ accept: 'sample:0' });
    expect(cold.throughput_tok_per_s).toBe((await row({})).row.throughput_tok_per_s);
  });

  it('says what was published', async () => {
    await expect(row({ accept: 'relaxed:5,0.6' })).rejects.toThrow(
      new UserError(
        "--accept relaxed:5,0.6: the target's scores of eagle3's drafts were not recorded, and published is only relaxed:10,0.6; expected that, or a trace with scores (docs/formats.md)",
      ),
    );
  });
});

it.each([
  ['sample:3', 'sample:T, T from 0 to 2'],
  ['relaxed:10', 'relaxed:N,DELTA, N from 1 to 255 and DELTA from 0 to 1'],
  ['relaxed:0,.5', 'relaxed:N,DELTA, N from 1 to 255 and DELTA from 0 to 1'],
  ['typical:,0.3', 'typical:EPS,DELTA, both from 0 to 1'],
  ['consultant:-1,0.2', 'consultant:EPS,BETA, EPS from 0 to 100 and BETA from 0 to 1'],
])('%s is refused', (written, expected) => {
  expect(() => parseAcceptRule(written)).toThrow(
    new UserError(`--accept: got "${written}", expected ${expected}`),
  );
});
