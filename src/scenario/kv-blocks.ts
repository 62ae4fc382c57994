/** KV blocks that are left beside the weights, on the GPUs where a target and its draft models run. */
import { kvBytes } from '../cost/memory.ts';
import { UserError } from '../errors.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import type { ForwardShape } from '../model/shape.ts';
import type { Inputs } from './inputs.ts';
import { formatsText } from './number-formats.ts';

/**
 * Those of one replica: of a stage as of all of them, each of which keeps its layers' part of every block.
 *
 * @param furtherLengths draft lengths that graphs are kept of, beyond the first
 * @throws UserError for weights that do not fit
 */
export function kvBlocksOf(
  inputs: Inputs,
  target: ForwardShape,
  drafts: readonly ForwardShape[],
  furtherLengths: number,
): number {
  const { hardware, placement, scenario } = inputs;
  const { drafting, stages } = placement;
  const stage = {
    ...target,
    weightBytes: target.weightBytes / stages.count,
    kvBytesPerToken: target.kvBytesPerToken / stages.count,
  };
  const graphBytes = furtherLengths * inputs.engine.lengthGraphsBytes;
  const what = `${inputs.target.name} in ${formatsText(scenario.dtype, inputs.target)}`;
  const largest = drafts.toSorted((a, b) => b.weightBytes - a.weightBytes)[0];
  const beside =
    largest === undefined ? '' : `, of which draft ${largest.name} ${gigabytes(largest.weightBytes)}`;
  if (!drafting.apart || drafts.length === 0) {
    const remedy = `more GPUs (--tp)${largest === undefined ? '' : ', a smaller draft'} or a smaller --dtype may do`;
    return scenario.dpAttention * blocksOn(inputs, hardware, stage, drafts, graphBytes, what, remedy, beside);
  }
  const [draft, ...others] = drafts;
  return Math.min(
    blocksOn(inputs, hardware, stage, [], graphBytes, what, 'more GPUs (--tp) or a smaller --dtype may do'),
    blocksOn(inputs, drafting.hardware, draft!, others, 0, draft!.name, 'more GPUs (--draft-tp) may do'),
  );
}

function blocksOn(
  { engine }: Inputs,
  hardware: HardwareProfile,
  first: ForwardShape,
  others: readonly ForwardShape[],
  graphBytes: number,
  what: string,
  remedy: string,
  beside = '',
): number {
  const used = [first, ...others];
  const memory = hardware.specification.memoryCapacityBytes * engine.memoryShare;
  const weights = used.reduce((sum, shape) => sum + shape.weightBytes, 0);
  if (weights >= memory) {
    throw new UserError(
      `${what}: weights take ${gigabytes(weights)} per GPU${beside}, expected less than the ${gigabytes(memory)} that engine ${engine.name} uses of ${hardware.name}; ${remedy}`,
    );
  }
  const perToken = used.reduce((sum, shape) => sum + shape.kvBytesPerToken, 0);
  const bytes = kvBytes(first, others, hardware, engine) - graphBytes;
  return engine.kvBlocks ?? Math.max(0, Math.floor(bytes / perToken / engine.blockTokens));
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
