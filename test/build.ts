/** Builds the program that tests start, before the first and before each rerun, so that none meets yesterday's. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

const BUNDLE = join(import.meta.dirname, '../scripts/bundle.mjs');

function build(): void {
  execFileSync(process.execPath, [BUNDLE], { cwd: join(import.meta.dirname, '..'), stdio: 'inherit' });
}

export default function setup(project: TestProject): void {
  build();
  project.onTestsRerun(async () => build());
}
