/** Measured kernel tables for tests. They are read where they are and are no part of the project. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, test } from 'vitest';
import { type OpsTable, readOps } from '../src/cost/calibration/tables.ts';
import { modelCard, modelNames } from './shipped-models.ts';

const MODELS = modelNames().map(modelCard);

const DEFAULT_DIR = fileURLToPath(new URL('../../shared/data/ops', import.meta.url));

/**
 * The folder of the tables: the environment variable SPECSIM_OPS, else `../shared/data/ops` beside the project;
 * null where there is none.
 *
 * @throws Error when the variable names a folder that does not exist
 */
function opsDir(): string | null {
  const named = process.env.SPECSIM_OPS;
  if (named === undefined) return existsSync(DEFAULT_DIR) ? DEFAULT_DIR : null;
  if (!existsSync(named)) throw new Error(`SPECSIM_OPS: there is no folder ${named}`);
  return named;
}

/** `describe` for tests that need the tables; without them it is skipped, and says so. */
export function describeWithTables(
  name: string,
  fn: (read: (file: string) => OpsTable, dir: string) => void,
): void {
  const dir = opsDir();
  if (dir !== null) {
    const read = (file: string) =>
      readOps(gunzipSync(readFileSync(`${dir}/${file}`)).toString(), file, MODELS);
    describe(name, () => fn(read, dir));
    return;
  }
  console.warn(`SKIPPED, no kernel tables: ${name} (set SPECSIM_OPS to their folder)`);
  test.skip(`${name}: SKIPPED, no kernel tables`, () => {});
}
