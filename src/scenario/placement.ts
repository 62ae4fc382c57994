/** Where a scenario has draft models and stages run, and the links between. */
import { costTraits } from '../cost/models.ts';
import { FREE_LINK, type Link, type Placement } from '../cost/placement.ts';
import { type Method, runsDraftModel } from '../drafter/methods.ts';
import type { Ahead } from '../drafter/parallel.ts';
import { UserError } from '../errors.ts';
import { parseHardware, withKernels } from '../hardware/load.ts';
import { acrossNodes, nodeGpus } from '../hardware/nodes.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import { readJson } from '../json.ts';
import { parseQuantity } from '../units.ts';
import type { Documents } from './documents.ts';
import type { Asked, Scenario } from './scenario.ts';

/** Links that a scenario may name: what they join, and why one has no effect. */
export const LINKS: Readonly<
  Record<
    string,
    { readonly what: string; readonly idle: (scenario: Scenario, asked: Asked) => string | null }
  >
> = {
  draft: {
    what: 'the GPUs of the target and those of --draft-gpu',
    idle: ({ draftGpu }, { methods }) =>
      draftGpu === null || !methods.some(runsDraftModel) ? 'without --draft-gpu' : null,
  },
  stage: {
    what: 'a stage of --pp and the next',
    idle: ({ pp, cost }) => (pp === 1 || !costTraits(cost).machine ? 'with --pp 1' : null),
  },
  node: {
    what: 'nodes that a group of --tp GPUs spans, of each all its network cards',
    idle: ({ tp, dpAttention, cost }) =>
      tp * dpAttention === 1 || !costTraits(cost).machine ? 'with --tp 1' : null,
  },
  kv: {
    what: 'a replica of --prefill-replicas and one that decodes',
    idle: ({ prefillReplicas }) => (prefillReplicas === null ? 'without --prefill-replicas' : null),
  },
};

/**
 * A link as it is written, `LATENCY,BANDWIDTH`.
 *
 * @param where such as `--link draft`
 * @throws UserError for anything but two quantities with units
 */
export async function parseLink(written: string, where: string): Promise<Link> {
  const [latency, bandwidth, ...others] = written.split(',').map((part) => part.trim());
  if (bandwidth === undefined || others.length > 0) {
    throw new UserError(
      `${where}: got ${JSON.stringify(written)}, expected LATENCY,BANDWIDTH, such as 5us,25GB/s`,
    );
  }
  return {
    latencyS: await parseQuantity(latency, 's', `${where}, latency`),
    bytesPerS: await parseQuantity(bandwidth, 'B/s', `${where}, bandwidth`),
  };
}

/** @throws UserError for a GPU that is unknown, or has no all-reduce of so many, and for a link without units */
export async function readPlacement(
  { draftGpu, draftTp, tp, pp, microbatches, prefillReplicas, link }: Scenario,
  hardware: HardwareProfile,
  documents: Documents,
): Promise<Placement> {
  const linkOf = (name: string) =>
    link[name] === undefined ? FREE_LINK : parseLink(link[name], `--link ${name}`);
  const own = draftGpu === null ? hardware : await gpuOf(draftGpu, documents);
  const gpus = draftTp ?? (draftGpu === null ? tp : 1);
  checkAllReduce(own, gpus, '--draft-tp');
  return {
    drafting: { hardware: own, gpus, apart: draftGpu !== null, link: await linkOf('draft') },
    stages: { count: pp, link: await linkOf('stage'), batches: microbatches },
    kv: prefillReplicas === null ? null : await linkOf('kv'),
  };
}

/** A GPU that ships, with the kernels beside its profile, or a file. Throws a UserError when there is neither. */
export async function gpuOf(named: string, documents: Documents): Promise<HardwareProfile> {
  const document = await documents.profile('gpu', named);
  const hardware = await parseHardware(readJson(document), document.where);
  const kernels = await documents.kernels(named);
  return kernels === null ? hardware : withKernels(hardware, readJson(kernels), kernels.where);
}

/**
 * The GPU with all-reduces over nodes, where the groups of a scenario span several.
 *
 * @throws UserError for a link between nodes of which there is one, or a part of one
 */
export async function overNodes(
  { tp, dpAttention, link }: Scenario,
  hardware: HardwareProfile,
): Promise<HardwareProfile> {
  if (link.node === undefined) return hardware;
  const between = await parseLink(link.node, '--link node');
  const node = nodeGpus(hardware);
  const sizes = [...new Set([tp, tp * dpAttention])].filter((gpus) => gpus > node);
  if (sizes.length === 0) {
    throw new UserError(
      `--link node=${link.node} has no effect with ${tp * dpAttention} GPUs: a node of gpu ${hardware.name} has ${node}`,
    );
  }
  const part = sizes.find((gpus) => gpus % node > 0);
  if (part !== undefined || node === 1) {
    throw new UserError(
      node === 1
        ? `--link node: gpu ${hardware.name} has no all-reduce within a node, expected a profile with specification.linkBandwidth`
        : `--tp: ${part} GPUs are no whole number of nodes of ${node}, as gpu ${hardware.name} has them`,
    );
  }
  return sizes.reduce((profile, gpus) => acrossNodes(profile, gpus, between), hardware);
}

/** @throws UserError for a number of GPUs that a profile has no all-reduce of */
export function checkAllReduce(hardware: HardwareProfile, gpus: number, flag: string): void {
  const { name, efficiency } = hardware;
  const groups = [1, ...efficiency.allReduce.map((law) => law.gpus)];
  if (groups.includes(gpus)) return;
  const node = nodeGpus(hardware);
  const more =
    node > 1 && gpus > node && gpus % node === 0
      ? `, or ${gpus / node} nodes of ${node} with --link node=LATENCY,BANDWIDTH`
      : '';
  throw new UserError(
    `${flag} ${gpus}: gpu ${name} has no all-reduce law for it, expected one of ${groups.join(', ')} (a profile with specification.linkBandwidth has 2, 4 and 8)${more}`,
  );
}

/** What a user should know of it, a sentence each. */
export function placementWarnings({ draftGpu, link }: Scenario): string[] {
  return [
    ...(draftGpu !== null && link.draft === undefined
      ? [
          `--draft-gpu ${draftGpu} without --link draft=LATENCY,BANDWIDTH: what moves between is taken to take no time`,
        ]
      : []),
    ...(link.node === undefined
      ? []
      : [
          '--link node: all-reduces over nodes are an assumed ring or tree over that link, which nobody measured',
        ]),
  ];
}

const AHEAD = /^(0?\.\d+|[01](?:\.0*)?),([1-9]\d{0,3})$/;

/** `CHANCE,OUTCOMES`. Throws a UserError for anything else. */
export function parseAhead(written: string): Ahead {
  const [, chance, outcomes] = AHEAD.exec(written.replaceAll(' ', '')) ?? [];
  if (chance === undefined) {
    throw new UserError(
      `--ahead: got ${JSON.stringify(written)}, expected CHANCE,OUTCOMES, a chance from 0 to 1 and a whole number, such as 0.8,12`,
    );
  }
  return { chance: Number(chance), outcomes: Number(outcomes) };
}

/** GPUs that a setting takes, those of one kind beside those of the other. */
export function gpusOf(
  { tp, dpAttention, pp, replicas, prefillReplicas, draftGpu, draftTp }: Scenario,
  method: Method,
): { readonly target: number; readonly drafting: number } {
  return {
    target: tp * dpAttention * pp * (replicas + (prefillReplicas ?? 0)),
    drafting: draftGpu !== null && runsDraftModel(method) ? (draftTp ?? 1) * replicas : 0,
  };
}
