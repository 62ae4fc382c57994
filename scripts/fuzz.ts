/** `npm run fuzz -- COUNT SEED`: so many mutated files through the real commands; exit 1 when one fails. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runMutated } from '../test/cli/mutated.ts';

const [count = '20000', seed = '1'] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'specsim-fuzz-'));
const failures = await runMutated(Number(count), seed, scratch);
for (const line of failures) process.stdout.write(`${line}\n`);
process.stdout.write(
  `${count} files, ${failures.length} failed${failures.length === 0 ? '' : `: see ${scratch}`}\n`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
