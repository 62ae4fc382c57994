/** The drafter's confidence: read, written, moved along with positions, assumed where nobody recorded it, and judged. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { readRecordFile } from '../../src/node/record-file.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { AssumedSignal, signalOf } from '../../src/trace/assumed-confidence.ts';
import { canonicalCsv } from '../../src/trace/formats/canonical-csv.ts';
import { canonicalJsonl } from '../../src/trace/formats/canonical-jsonl.ts';
import { NOTHING_STATED } from '../../src/trace/formats/format.ts';
import { inspectConfidence } from '../../src/trace/inspect-confidence.ts';
import { parseRecord, parseTrace } from '../../src/trace/read.ts';
import type { RoundsRecord } from '../../src/trace/record.ts';
import { selectRequests, withOutputLengths } from '../../src/trace/reshape.ts';
import { positionsOfSteps } from '../../src/trace/steps.ts';
import type { AcceptanceTrace, PositionLengths } from '../../src/trace/trace.ts';
import { joinWorkload } from '../../src/workload/join.ts';
import { SAMPLES } from '../acceptance-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'specsim-confidence-'));

/** Two requests of 3 and 2 tokens, whose confidence tells the position it stands at. */
const lengths: PositionLengths = {
  maxK: 2,
  offsets: Int32Array.of(0, 3, 5),
  emitted: Uint8Array.of(1, 3, 1, 1, 2),
  proposed: 'always',
  kind: 'recording',
  confidence: { depths: 2, list: Uint8Array.of(0, 0, 11, 12, 21, 22, 0, 0, 41, 42) },
};
const trace: AcceptanceTrace = {
  name: 'mine',
  provenance: { source: 's', target: 'm', dataset: 'd', engine: null, licence: null },
  ids: ['a', 'b'],
  promptTokens: Int32Array.of(5, 6),
  outputTokens: Int32Array.of(3, 2),
  outputLimit: null,
  drafters: new Map([['eagle3', lengths]]),
  tokens: null,
};
const listOf = (of: AcceptanceTrace) => [...of.drafters.get('eagle3')!.confidence!.list];

describe('recorded', () => {
  it('is written and read back the same, and is optional', () => {
    const jsonl = [...canonicalJsonl({ kind: 'position-indexed', trace })].join('');
    expect(parseTrace(jsonl, 'f')).toEqual(trace);
    expect(parseTrace([...canonicalCsv(trace)].join(''), 'f')).toEqual(trace);
    const { confidence: _, ...without } = lengths;
    const plain = { ...trace, drafters: new Map([['eagle3', without]]) };
    const text = [...canonicalCsv(plain)].join('');
    expect(text).not.toContain('confidence');
    expect(parseTrace(text, 'f')).toEqual(plain);
  });

  it.each([
    ['"confidence":[0,0,11,12,21,22]', '"confidence":[0,0,11,12,21]', /confidence: 5 elements, expected 6/],
    ['"confidence":[0,0,11,12,21,22]', '"confidence":[0,0,11,12,21,256]', /confidence/],
    ['"confidence":2}', '"confidence":0}', /drafters/],
    ['"maxK":2,"proposed":"always","confidence":2', '"maxK":2,"proposed":"always"', /expected nothing/],
  ])('%s as %s is refused', (from, to, message) => {
    const text = [...canonicalJsonl({ kind: 'position-indexed', trace })].join('');
    expect(text).toContain(from);
    expect(() => parseTrace(text.replace(from, to), 'f')).toThrow(message);
  });

  it('moves along with the positions it belongs to', () => {
    expect(listOf(selectRequests(trace, [1, 0, 1]))).toEqual([
      ...[0, 0, 41, 42],
      ...[0, 0, 11, 12, 21, 22],
      ...[0, 0, 41, 42],
    ]);
    // From the first decoded position again; the prefill's token has none.
    expect(
      listOf(withOutputLengths(trace, new Int32Array(trace.outputTokens.length).fill(4))).slice(0, 8),
    ).toEqual([0, 0, 11, 12, 21, 22, 11, 12]);
    const workload = { promptTokens: Int32Array.of(1), outputTokens: Int32Array.of(3) };
    const joined = joinWorkload(workload, selectRequests(trace, [1]), 1);
    expect(listOf(joined.trace)).toEqual([0, 0, 41, 42, 41, 42]);
  });
});

describe('rounds with confidence', () => {
  const read = (text: string) => parseRecord(text, 'f') as RoundsRecord;

  it('are accepted drafts with a chance for each of them, in 255ths', () => {
    const [steps] = read(SAMPLES['confidence-rounds']!).drafters;
    expect([...steps!.emitted]).toEqual([4, 1, 3]);
    expect([...steps!.proposed!]).toEqual([3, 2, 3]);
    expect(steps!.confidence).toEqual({
      depths: 3,
      list: Uint8Array.of(250, 242, 230, 79, 51, 0, 230, 204, 102),
    });
    // A position inside a round has what is left of it.
    const { confidence } = positionsOfSteps({ ...steps!, drafting: 'chain' }, 'f');
    expect([...confidence!.list.subarray(3, 9)]).toEqual([250, 242, 230, 242, 230, 0]);
  });

  it('are gone by where all of them drafted in full, and refused where some did not', async () => {
    const short = SAMPLES['confidence-rounds']!;
    const speed = async (text: string, policy: string) => {
      const file = join(folder, 'rounds.csv');
      writeFileSync(file, text);
      const options = { method: ['eagle3'], trace: [file], k: [3], policy: [policy] };
      const scenario = completeScenario({ ...options, load: 'closed', batch: [1], promptLen: 50 });
      const answer = runScenario(await gatherInputs(scenario, folderLibrary));
      return answer.rows[0]!.throughput_tok_per_s;
    };
    const full = short.replace('0.31,0.2,', '0.31,0.2,0.1');
    // Enough for all of a request's drafts.
    expect(await speed(full, 'budget:4')).toBeCloseTo(await speed(full, 'fixed'), 6);
    expect(await speed(full, 'budget:2')).toBeLessThan(await speed(full, 'fixed'));
    await expect(speed(short, 'budget:4')).rejects.toThrow('rounds that all draft in full');
  });

  it('are told apart by prompt and turn, or cut into requests of equal length, which is said', () => {
    const header = 'category,prompt_idx,turn,accept,acc0,conf0';
    const rows = ['chat,0,0,1,1,0.9', 'chat,0,1,0,0,0.2', 'chat,0,0,0,0,0.1', 'chat,1,0,,,0.5'];
    const told = read([header, ...rows].join('\n'));
    expect(told.drafters[0]!.ids).toEqual(['chat/0/0', 'chat/0/1']);
    expect(told.notes).toEqual(['f: 1 part that says nothing of acceptance is left out']);
    const many = Array.from({ length: 300 }, () => '1,chat,0.5');
    const cut = read(['commits,category,a0', ...many].join('\n'));
    expect(cut.drafters[0]!.ids).toEqual(['chat/0', 'chat/1', 'chat/2']);
    expect(cut.notes![0]).toContain('every 128 rounds of a category are taken as one');
  });

  it.each([
    ['3,7,0.98', '4,7,0.98', /line 2, column commits: got 4, expected 0 to 3 accepted drafts/],
    ['0.31', '1.31', /line 3, column a0: got 1.31, expected a chance of 0 to 1/],
    ['2,7,0.9,0.8,0.4', '2,7,0.9', /line 4: 3 cells, expected 5/],
  ])('%s as %s is refused', (from, to, message) => {
    expect(() => read(SAMPLES['confidence-rounds']!.replace(from, to))).toThrow(message);
  });

  it('are read from Parquet as well', async () => {
    const path = join(folder, 'rounds.parquet');
    const column = (name: string, data: (number | null)[], type: 'INT64' | 'DOUBLE') => ({
      ...{ name, type, nullable: true },
      data: type === 'INT64' ? data.map((value) => (value === null ? null : BigInt(value))) : data,
    });
    const columnData = [
      column('prompt_idx', [0, 0, 1], 'INT64'),
      column('accept', [2, 0, 1], 'INT64'),
      column('conf0', [0.9, 0.2, 0.8], 'DOUBLE'),
      column('conf1', [0.8, 0.1, null], 'DOUBLE'),
      column('conf2', [Number.NaN, Number.NaN, Number.NaN], 'DOUBLE'),
    ];
    writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData })));
    const record = (await readRecordFile(path, NOTHING_STATED, null)) as RoundsRecord;
    const [steps] = record.drafters;
    expect(record.name).toBe('rounds');
    expect(steps!.ids).toEqual(['0', '1']);
    expect([...steps!.emitted]).toEqual([3, 1, 2]);
    expect([...steps!.proposed!]).toEqual([2, 2, 1]);
    expect([...steps!.confidence!.list]).toEqual([230, 204, 0, 51, 26, 0, 204, 0, 0]);
    writeFileSync(path, 'PAR1 and no more');
    await expect(readRecordFile(path, NOTHING_STATED, null)).rejects.toThrow(/not readable as Parquet/);
  });
});

describe('assumed', () => {
  // 4,000 positions at which 0, 1, 2 drafts are accepted, as often, wherever rounds start.
  const emitted = Uint8Array.from({ length: 4001 }, (_, at) =>
    at === 0 ? 1 : 1 + (Math.floor((Math.imul(at, 0x9e3779b1) >>> 0) / 4096) % 3),
  );
  const many = { emitted, offsets: Int32Array.of(0, 4001), maxK: 2 };
  const judged = (auc: number, seed = 1) => {
    const signal = new AssumedSignal(many, auc, seed);
    return inspectConfidence(
      4000,
      2,
      (round) => emitted[round + 1]! - 1,
      (round, depth) => signal.chance(round + 1, depth),
      true,
    );
  };

  it.each([0.6, 0.75, 0.87, 0.95])('AUC %d: calibrated, and as sharp as it says', (auc) => {
    const { auc: reached, calibration_error: error } = judged(auc);
    // Two depths with other shares of right drafts: a little sharper together than each.
    expect(Math.abs(reached! - auc)).toBeLessThan(0.04);
    expect(error).toBeLessThan(0.03);
  });

  it('0.5 says the share at that depth and no more, 1 knows', () => {
    const useless = new AssumedSignal(many, 0.5, 1);
    for (let at = 1; at < 20; at++) expect(useless.chance(at, 0)).toBeCloseTo(2 / 3, 1);
    const perfect = new AssumedSignal(many, 1, 1);
    for (let at = 1; at < 20; at++) {
      const accepted = emitted[at]! - 1;
      for (let d = 0; d <= Math.min(accepted, 1); d++)
        expect(perfect.chance(at, d)).toBe(d < accepted ? 1 : 0);
    }
    expect(perfect.chance(1, 2)).toBe(0);
  });

  it('knows shares of rounds that draft four at most, whose starts those of longer ones are not', () => {
    const emitted = Uint8Array.of(1, 9, 8, 7, 6, 5, 4, 3, 2, 1);
    const signal = new AssumedSignal({ emitted, offsets: Int32Array.of(0, 10), maxK: 8 }, 0.5, 1);
    // The round at 1 accepts four of its eight and ends at 6, where three are right: of two that reach the fourth, one goes on.
    expect([2, 3, 4].map((depth) => signal.chance(1, depth))).toEqual([1, expect.closeTo(0.5, 9), 1]);
  });

  it('is the same for the same seed, and another for another', () => {
    const of = (seed: number) => {
      const signal = new AssumedSignal(many, 0.8, seed);
      return Array.from({ length: 50 }, (_, at) => signal.chance(at + 1, 0));
    };
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });

  it('stands in where nothing was recorded, or where it is stated', () => {
    const usual = new AssumedSignal(many, 0.87, 1);
    expect(signalOf(many as PositionLengths, null, 1).chance(1, 0)).toBe(usual.chance(1, 0));
    expect(signalOf(lengths, null, 1).chance(1, 1)).toBe(12 / 255);
    expect(signalOf(lengths, 1, 1).chance(1, 1)).toBe(1);
  });
});

it('what a signal is worth: hand-computed', () => {
  // Rounds accept 2, 0 and 1 of 2 drafts.
  const accepted = [2, 0, 1];
  const chances = [
    [0.9, 0.8],
    [0.4, 0.4],
    [0.9, 0.5],
  ];
  const { at_equal_drafts: equal, auc } = inspectConfidence(
    3,
    2,
    (round) => accepted[round]!,
    (round, depth) => chances[round]![depth]!,
    false,
  );
  // One draft a round: of survivals 0.9, 0.72, 0.9, 0.45, 0.4, 0.16 the first three are right, one length has two of three.
  expect(equal[0]).toEqual({ drafts_per_round: 1, one_length: 1 + 2 / 3, by_confidence: 2, perfect: 2 });
  expect(equal[1]).toEqual({ drafts_per_round: 2, one_length: 2, by_confidence: 2, perfect: 2 });
  // Right: 0.9, 0.8, 0.9; wrong: 0.4, 0.5.
  expect(auc).toBe(1);
});
