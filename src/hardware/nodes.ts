/**
 * All-reduces over more GPUs than a node has: sums within each node, an all-reduce between the nodes in which every GPU
 * exchanges its part of the message with those of the same place, and a gather within each node. What happens within a node
 * takes as long as an all-reduce there, which is the same two halves. Between n nodes it is a ring, 2 (n - 1) latencies and
 * 2 (n - 1) / n of the bytes (Thakur, Rabenseifner and Gropp, 2005), or a double binary tree, 2 log2 n latencies and twice
 * the bytes (NCCL since 2.4), whichever takes less.
 *
 * Left out: overlap of the two, switches that sum (SHARP), and several jobs on one network.
 */
import type { AllReduceLaw, HardwareProfile } from './profile.ts';

/** Between nodes: latency of a message, and bandwidth of a node, all its network cards together. */
interface NodeLink {
  readonly latencyS: number;
  readonly bytesPerS: number;
}

/** GPUs of a node: as many as its profile has an all-reduce of. */
export function nodeGpus({ efficiency }: HardwareProfile): number {
  return Math.max(1, ...efficiency.allReduce.map(({ gpus }) => gpus));
}

/** The GPU with an all-reduce of `gpus` GPUs, which are whole nodes and more than one. */
export function acrossNodes(hardware: HardwareProfile, gpus: number, link: NodeLink): HardwareProfile {
  const { efficiency } = hardware;
  const inNode = efficiency.allReduce.find((law) => law.gpus === nodeGpus(hardware))!;
  const nodes = gpus / inNode.gpus;
  const hops = [
    { messages: 2 * (nodes - 1), share: (2 * (nodes - 1)) / nodes },
    { messages: 2 * Math.ceil(Math.log2(nodes)), share: 2 },
  ];
  const law: AllReduceLaw = {
    gpus,
    // Each a line again: times of both levels add up.
    lines: inNode.lines.flatMap(({ latencyS, bytesPerS }) =>
      hops.map(({ messages, share }) => ({
        latencyS: latencyS + messages * link.latencyS,
        bytesPerS: 1 / (1 / bytesPerS + share / link.bytesPerS),
      })),
    ),
  };
  return { ...hardware, efficiency: { ...efficiency, allReduce: [...efficiency.allReduce, law] } };
}
