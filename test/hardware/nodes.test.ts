/** All-reduces over nodes: by hand, between whole nodes alone, never faster over a slower link. */
import { describe, expect, it } from 'vitest';
import { acrossNodes, nodeGpus } from '../../src/hardware/nodes.ts';
import type { HardwareProfile } from '../../src/hardware/profile.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs, type Inputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';

const BIG: Options = { target: 'llama-3.1-70b', tp: 16, method: ['none'], batch: [1, 64], requests: 3 };
const inputsOf = (options: Options) => gatherInputs(completeScenario({ ...BIG, ...options }), folderLibrary);
const speeds = (inputs: Inputs) => runScenario(inputs).rows.map((row) => row.throughput_tok_per_s);

const seconds = ({ efficiency }: HardwareProfile, gpus: number, bytes: number) =>
  Math.min(
    ...efficiency.allReduce
      .find((law) => law.gpus === gpus)!
      .lines.map((line) => line.latencyS + bytes / line.bytesPerS),
  );

describe('by hand', () => {
  it('an all-reduce within the nodes and one between them', async () => {
    const { hardware } = await inputsOf({ tp: 8 });
    expect(nodeGpus(hardware)).toBe(8);
    const link = { latencyS: 1e-5, bytesPerS: 4e11 };
    for (const bytes of [8192, 1e6, 1e9]) {
      const inNode = seconds(hardware, 8, bytes);
      // Two nodes: there and back, and all bytes once.
      const two = acrossNodes(hardware, 16, link);
      expect(seconds(two, 16, bytes)).toBeCloseTo(inNode + 2e-5 + bytes / 4e11, 12);
      // Eight: the ring has 14 latencies and 7/4 of the bytes, the tree 6 and twice the bytes.
      const eight = acrossNodes(hardware, 64, link);
      const between = Math.min(14e-5 + (1.75 * bytes) / 4e11, 6e-5 + (2 * bytes) / 4e11);
      expect(seconds(eight, 64, bytes)).toBeCloseTo(inNode + between, 12);
      expect(seconds(two, 8, bytes)).toBe(inNode);
    }
  });
});

it('a slower link is never faster, and two nodes on a fast one decode faster than one', async () => {
  const links = ['1ns,100000GB/s', '5us,400GB/s', '20us,50GB/s'];
  const runs = await Promise.all(links.map(async (node) => speeds(await inputsOf({ link: { node } }))));
  for (const batch of [0, 1]) {
    const over = runs.map((run) => run[batch]!);
    expect(over).toEqual(over.toSorted((a, b) => b - a));
  }
  expect(runs[0]![1]!).toBeGreaterThan(speeds(await inputsOf({ tp: 8 }))[1]!);
  expect((await inputsOf({ link: { node: links[1]! } })).warnings.join()).toContain('which nobody measured');
});

describe('what cannot be', () => {
  it.each<[Options, string]>([
    [
      {},
      '--tp 16: gpu h100-sxm has no all-reduce law for it, expected one of 1, 2, 4, 8 (a profile with specification.linkBandwidth has 2, 4 and 8), or 2 nodes of 8 with --link node=LATENCY,BANDWIDTH',
    ],
    [
      { tp: 12, link: { node: '5us,400GB/s' } },
      '--tp: 12 GPUs are no whole number of nodes of 8, as gpu h100-sxm has them',
    ],
    [
      { tp: 8, link: { node: '5us,400GB/s' } },
      '--link node=5us,400GB/s has no effect with 8 GPUs: a node of gpu h100-sxm has 8',
    ],
    [{ tp: 1, link: { node: '5us,400GB/s' } }, '--link node=5us,400GB/s has no effect with --tp 1'],
    [{ link: { node: '400GB/s' } }, '--link node: got "400GB/s", expected LATENCY,BANDWIDTH'],
  ])('%j', async (options, message) => {
    await expect(inputsOf(options)).rejects.toThrow(message);
  });
});
