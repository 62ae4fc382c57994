/** KV blocks that are left beside the weights, on the GPUs where a target and its draft models run. */
import { kvBytes, sequenceBytes } from '../cost/memory.ts';
import { UserError } from '../errors.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import type { ForwardShape } from '../model/shape.ts';
import type { Inputs } from './inputs.ts';
import { formatsText } from './number-formats.ts';

/** Of one replica. A block is what so many tokens of an engine take in layers that keep all of them. */
export interface KvRoom {
  readonly kvBlocks: number;
  /** Those that a sequence holds however long it is. */
  readonly sequenceBlocks: number;
}

/** What sequences ask of memory. */
export interface Asked {
  /** Tokens of the longest one. */
  readonly longest: number;
  /** Most tokens that a round drafts. */
  readonly drafted: number;
  /** Draft lengths that graphs are kept of, beyond the first. */
  readonly furtherLengths: number;
}

/** Nothing bounds it. */
export const NO_BOUND: KvRoom = { kvBlocks: Number.POSITIVE_INFINITY, sequenceBlocks: 0 };

/**
 * Those of one replica: of a stage as of all of them, each of which keeps its layers' part of every block.
 *
 * @throws UserError for weights that do not fit
 */
export function kvRoomOf(
  inputs: Inputs,
  target: ForwardShape,
  drafts: readonly ForwardShape[],
  asked: Asked,
): KvRoom {
  const { hardware, placement, scenario } = inputs;
  const { drafting, stages } = placement;
  const stage = {
    ...target,
    weightBytes: target.weightBytes / stages.count,
    kvBytesPerToken: target.kvBytesPerToken / stages.count,
    stateBytes: target.stateBytes / stages.count,
    reads: target.reads.map((read) => ({ ...read, bytesPerToken: read.bytesPerToken / stages.count })),
  };
  const what = `${inputs.target.name} in ${formatsText(scenario.dtype, inputs.target)}`;
  const largest = drafts.toSorted((a, b) => b.weightBytes - a.weightBytes)[0];
  const beside =
    largest === undefined ? '' : `, of which draft ${largest.name} ${gigabytes(largest.weightBytes)}`;
  if (!drafting.apart || drafts.length === 0) {
    const remedy = `more GPUs (--tp)${largest === undefined ? '' : ', a smaller draft'} or a smaller --dtype may do`;
    const { kvBlocks, sequenceBlocks } = roomOn(inputs, hardware, [stage, ...drafts], asked, {
      what,
      remedy,
      beside,
    });
    return { kvBlocks: scenario.dpAttention * kvBlocks, sequenceBlocks };
  }
  const rooms = [
    roomOn(inputs, hardware, [stage], asked, {
      what,
      remedy: 'more GPUs (--tp) or a smaller --dtype may do',
    }),
    roomOn(
      inputs,
      drafting.hardware,
      drafts,
      { ...asked, drafted: 0, furtherLengths: 0 },
      { what: drafts[0]!.name, remedy: 'more GPUs (--draft-tp) may do' },
    ),
  ];
  return {
    kvBlocks: Math.min(...rooms.map(({ kvBlocks }) => kvBlocks)),
    sequenceBlocks: Math.max(...rooms.map(({ sequenceBlocks }) => sequenceBlocks)),
  };
}

/** For the error of weights that do not fit. */
interface Wording {
  readonly what: string;
  readonly remedy: string;
  readonly beside?: string;
}

function roomOn(
  { engine }: Inputs,
  hardware: HardwareProfile,
  [first, ...others]: readonly ForwardShape[],
  { longest, drafted, furtherLengths }: Asked,
  { what, remedy, beside = '' }: Wording,
): KvRoom {
  const memory = hardware.specification.memoryCapacityBytes * engine.memoryShare;
  const weights = [first!, ...others].reduce((sum, shape) => sum + shape.weightBytes, 0);
  if (weights >= memory) {
    throw new UserError(
      `${what}: weights take ${gigabytes(weights)} per GPU${beside}, expected less than the ${gigabytes(memory)} that engine ${engine.name} uses of ${hardware.name}; ${remedy}`,
    );
  }
  const { perToken, fixed } = sequenceBytes(first!, others, longest, drafted);
  const blockBytes = perToken * engine.blockTokens;
  const bytes = kvBytes(first!, others, hardware, engine) - furtherLengths * engine.lengthGraphsBytes;
  return {
    kvBlocks: engine.kvBlocks ?? Math.max(0, Math.floor(bytes / blockBytes)),
    sequenceBlocks: fixed === 0 ? 0 : Math.ceil(fixed / blockBytes),
  };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
