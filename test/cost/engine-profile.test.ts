/** The engine profiles that ship, and what is said of bad ones. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { engineJsonSchema, parseEngine } from '../../src/cost/engine-profile.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';

const shipped = async (name: string) => JSON.parse((await folderLibrary.profile('engine', name)).text);

describe('engine profiles', () => {
  it('have an up-to-date JSON schema', () => {
    const stored = JSON.parse(readFileSync('hardware-profiles/engines/schema.json', 'utf8'));
    expect(stored).toEqual(JSON.parse(JSON.stringify(engineJsonSchema())));
  });

  it('vllm-0.10 pads to the sizes that vLLM captures and takes no unit for granted', async () => {
    const engine = await parseEngine(await shipped('vllm-0.10'), 'vllm-0.10');
    expect(engine.graphSizes.slice(0, 5)).toEqual([1, 2, 4, 8, 16]);
    expect(engine.graphSizes.at(-1)).toBe(512);
    expect(engine.layerLaunchS).toBeGreaterThan(10e-6);
    expect(engine.layerLaunchS).toBeLessThan(60e-6);
    expect(engine.device).toBe('h100-sxm');
  });

  it('ideal takes no time', async () => {
    const engine = await parseEngine(await shipped('ideal'), 'ideal');
    expect(engine.layerLaunchS + engine.draftPassLaunchS + engine.stepOverhead.fixedS).toBe(0);
    expect(engine.range).toBeNull();
  });

  it.each([
    [{ layerLaunch: 27 }, 'my-engine.json: layerLaunch: missing unit'],
    [{ layerLaunch: '-1 us' }, 'not positive'],
    [{ layerLaunch: '3 GB' }, 'expected a positive quantity in s'],
    [{ graphSizes: [4, 2] }, 'ascending'],
    [{ memoryShare: 1.5 }, 'memoryShare'],
    [{ layerLanch: '1 us' }, 'layerLaunch'],
  ])('refuses %j', async (change, message) => {
    const json = { ...(await shipped('ideal')), ...change };
    await expect(parseEngine(json, 'my-engine.json')).rejects.toThrow(message);
  });
});

describe('behaviour of an engine', () => {
  const plain = async (change: object) => parseEngine({ ...(await shipped('vllm-0.10')), ...change }, 'x');

  it('is that of vLLM 0.10 where a profile says nothing', async () => {
    expect(await plain({})).toMatchObject({
      fullGraphs: false,
      draftsInOneGraph: false,
      draftSequenceS: 0,
      asyncSpeculation: false,
      graphSizesBy: 'tokens',
      allReduceSwitch: { fromBytes: Number.POSITIVE_INFINITY, extraS: 0 },
    });
    expect((await plain({ asyncScheduling: true })).asyncSpeculation).toBe(true);
    expect((await plain({ asyncScheduling: true, asyncSpeculation: false })).asyncSpeculation).toBe(false);
  });
});
