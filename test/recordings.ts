/** Real recordings for tests. They are nobody's to re-publish, hence never part of the project. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';

const DEFAULT_DIR = fileURLToPath(new URL('../../shared/data/recordings/specdecode-bench', import.meta.url));

/**
 * The folder of the SpecDecode-Bench recordings (`combined_<dataset>.jsonl`): the environment variable
 * SPECSIM_RECORDINGS, else `../shared/data/recordings/specdecode-bench` beside the project; null where there
 * is none.
 *
 * @throws Error when the variable names a folder that does not exist
 */
export function recordingsDir(): string | null {
  const named = process.env.SPECSIM_RECORDINGS;
  if (named === undefined) return existsSync(DEFAULT_DIR) ? DEFAULT_DIR : null;
  if (!existsSync(named)) throw new Error(`SPECSIM_RECORDINGS: there is no folder ${named}`);
  return named;
}

/** `describe` for tests that need the recordings; without them it is skipped, and says so. */
export function describeWithRecordings(name: string, fn: (dir: string) => void): void {
  const dir = recordingsDir();
  if (dir !== null) {
    describe(name, () => fn(dir));
    return;
  }
  console.warn(`SKIPPED, no recordings: ${name} (set SPECSIM_RECORDINGS to their folder)`);
  test.skip(`${name}: SKIPPED, no recordings`, () => {});
}
