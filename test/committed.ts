/** Figures of the last commit, which nothing may leave: better ones are committed as well. UPDATE_GOLDEN=1 does. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

export interface SetErrors {
  readonly set: string;
  /** Which of the set's rows, where they are told apart. */
  readonly rows?: string;
  readonly role: string;
  readonly points: number;
  readonly mean: number;
  readonly worst: number;
}

/** Compares errors, to two digits, with test/validation/`file`. */
export function expectCommitted(file: string, sets: readonly SetErrors[]): void {
  const path = fileURLToPath(new URL(`validation/${file}`, import.meta.url));
  const lines = sets.map(({ set, rows = '', role, points, mean, worst }) =>
    [set, rows, role, points, mean.toFixed(2), worst.toFixed(2)].join(','),
  );
  const text = [
    '# mean and worst size of the errors of specsim validate, as docs/validation.md says',
    'set,rows,role,points,mean,worst',
    ...lines,
    '',
  ].join('\n');
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
  else expect(text).toBe(existsSync(path) ? readFileSync(path, 'utf8') : '');
}
