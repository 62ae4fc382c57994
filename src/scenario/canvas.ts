/** How a scenario has a diffusion model write. */
import type { Canvas } from '../drafter/denoising.ts';
import { isDiffusion, type Method } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import type { Transformer } from '../model/architecture.ts';
import type { Scenario } from './scenario.ts';

/**
 * Tokens per forward of one model under falling confidence thresholds, whose quality falls too: TiDAR 1.5B as block
 * diffusion, arXiv 2511.08923, table 4.
 */
const BY_THRESHOLD = [
  [0.6, 3.81],
  [0.7, 3.42],
  [0.8, 3.06],
  [0.9, 2.63],
] as const;

/** The block of cards that state none: that of Fast-dLLM's published runs. */
const USUAL_BLOCK = 32;

export type Writing = Pick<Canvas, 'block' | 'tokens' | 'refresh'>;

/** @throws UserError for more tokens than a block has, and for thresholds of which nothing was published */
export function writingOf({ block: asked, unmask, refresh }: Scenario, target: Transformer): Writing | null {
  if (unmask === null) return null;
  const block = asked ?? target.diffusion?.block ?? USUAL_BLOCK;
  const tokens = tokensOf(unmask);
  if (tokens < 1 || tokens > block) {
    throw new UserError(`--unmask ${unmask}: expected from 1 to the ${block} tokens of a block`);
  }
  return { block, tokens, refresh };
}

function tokensOf(unmask: string): number {
  const [, threshold] = /^threshold:(\d*\.?\d+)$/.exec(unmask) ?? [];
  if (threshold === undefined) {
    const tokens = /^\d*\.?\d+$/.test(unmask) ? Number(unmask) : Number.NaN;
    if (Number.isFinite(tokens)) return tokens;
    throw new UserError(
      `--unmask: got ${JSON.stringify(unmask)}, expected tokens such as 2.8, or threshold:0.9`,
    );
  }
  const at = Number(threshold);
  const above = BY_THRESHOLD.findIndex(([one]) => one >= at - 1e-9);
  const [least] = BY_THRESHOLD[0];
  if (above < 0 || at < least) {
    throw new UserError(`--unmask ${unmask}: published from 0.6 to 0.9, expected one of these`);
  }
  const [high, tokens] = BY_THRESHOLD[above]!;
  const [low, more] = BY_THRESHOLD[Math.max(0, above - 1)]!;
  return high === low ? tokens : more + ((at - low) / (high - low)) * (tokens - more);
}

/** @throws UserError for a diffusion model that is asked to write a token at a time */
export function checkWrites(target: Transformer, methods: readonly Method[]): void {
  const other = methods.find((method) => !isDiffusion(method));
  if (target.diffusion === undefined || other === undefined) return;
  throw new UserError(
    `method ${other.name}: ${target.name} is a diffusion model and writes no token at a time, expected diffusion:block, diffusion:dual-cache, diffusion:prefix-cache or diffusion:full`,
  );
}

/**
 * Whether tokens of a prompt see those behind them: with methods of models that see all of the canvas, as LLaDA and Dream
 * do, unless it is said.
 */
export function prefillsBothWays({ prefill }: Scenario, method: Method): boolean {
  if (method.kind !== 'diffusion') return false;
  return prefill === null ? method.scheme !== 'block' : prefill === 'bidirectional';
}

/** What a user should know of it, a sentence each. */
export function writingWarnings({ unmask }: Scenario, writing: Writing | null): string[] {
  return unmask?.startsWith('threshold:')
    ? [
        `--unmask ${unmask}: ${writing!.tokens.toFixed(2)} tokens a pass, as published of TiDAR 1.5B as block diffusion (arXiv 2511.08923); quality falls with the threshold and is not modelled`,
      ]
    : [];
}
