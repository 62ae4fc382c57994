/** Timelines: every event accounts for what the run did. */
import { describe, expect, it } from 'vitest';
import { totalSeconds } from '../../src/cost/work.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { timelineOf, timelineText } from '../../src/questions/timeline.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, parseOptions } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';

interface Event {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly id: number;
  readonly args: Record<string, number>;
}

async function inputsOf(raw: Record<string, unknown>) {
  const options = parseOptions({ method: 'eagle3', requests: 12, ...raw }, (key) => `--${key}`);
  return gatherInputs(completeScenario(options), folderLibrary);
}

const eventsOf = (json: string): Event[] => JSON.parse(json).traceEvents;

describe('a timeline', () => {
  it('holds every step with its parts inside it, and every request with its spans inside it', async () => {
    const inputs = await inputsOf({ load: 'poisson:20', replicas: 2 });
    const timeline = timelineOf(inputs);
    const { json, cut } = timelineText(timeline, 'test');
    expect(cut).toBeNull();
    const events = eventsOf(json);
    const steps = events.filter(({ ph, name }) => ph === 'X' && name.endsWith(' step'));
    const parts = events.filter(({ ph, name }) => ph === 'X' && !name.endsWith(' step'));
    expect(steps).toHaveLength(timeline.steps.length);
    expect(new Set(steps.map(({ tid }) => tid))).toEqual(new Set([0, 1]));
    for (const step of steps) {
      const inside = parts.filter(
        ({ tid, ts }) => tid === step.tid && ts >= step.ts && ts < step.ts + step.dur - 2e-3,
      );
      const sum = inside.reduce((total, { dur }) => total + dur, 0);
      expect(Math.abs(sum - step.dur)).toBeLessThan(0.01);
    }
    for (const replica of [0, 1]) {
      const own = steps.filter(({ tid }) => tid === replica);
      own.slice(1).forEach((step, i) => {
        expect(step.ts).toBeGreaterThanOrEqual(own[i]!.ts + own[i]!.dur - 0.01);
      });
    }
    for (const { request, arrivalS, endS } of timeline.finished) {
      const own = events.filter(({ ph, id }) => (ph === 'b' || ph === 'e') && id === request);
      expect(own.map(({ ph, name }) => `${ph} ${name}`)).toEqual([
        `b request ${request}`,
        ...['queued', 'prefill', 'decode'].flatMap((name) => [`b ${name}`, `e ${name}`]),
        `e request ${request}`,
      ]);
      expect(own[0]!.ts).toBeCloseTo(1e6 * arrivalS, 2);
      expect(own.at(-1)!.ts).toBeCloseTo(1e6 * endS, 2);
      own.slice(1).forEach((event, i) => {
        expect(event.ts).toBeGreaterThanOrEqual(own[i]!.ts);
      });
    }
    expect(timeline.finished).toHaveLength(12);
    expect(events.filter(({ ph }) => ph === 'C')).toHaveLength(3 * steps.length);
    // The run that a row measures is the one that is drawn.
    const [row] = runScenario(inputs).rows;
    const busyS = timeline.steps.reduce((sum, { parts }) => sum + totalSeconds(parts), 0);
    const draftS = timeline.steps.reduce((sum, { parts }) => sum + parts.draftS, 0);
    expect(draftS / busyS).toBeCloseTo(row!.time_share.draft, 9);
  });

  it('says what it leaves out when there is too much', async () => {
    const timeline = timelineOf(await inputsOf({ load: 'closed', batch: '4' }));
    const { json, cut } = timelineText(timeline, 'test', 30);
    const events = eventsOf(json);
    expect(events.filter(({ ph, name }) => ph === 'X' && name.endsWith(' step'))).toHaveLength(30);
    expect(cut).toContain(`the first 30 of ${timeline.steps.length} steps`);
    const requests = events.filter(({ ph, name }) => ph === 'b' && name.startsWith('request')).length;
    expect(requests).toBeLessThan(12);
    expect(cut).toContain(`${requests} of 12 requests`);
  });

  it.each([
    [{}, 'another load, such as closed'],
    [{ load: 'closed' }, 'this scenario has 4; name one value of --batch'],
    [{ load: 'poisson:1', method: 'none,eagle3' }, 'has 2; name one value of --method'],
    [{ load: 'poisson:1', k: '1,2', trace: 'gsm8k,sharegpt' }, 'has 4; name one value of --k, --trace'],
  ])('is refused for %j', async (raw, message) => {
    const inputs = await inputsOf(raw);
    expect(() => timelineOf(inputs)).toThrow(message);
  });
});
