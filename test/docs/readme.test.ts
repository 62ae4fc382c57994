/** The README shows what the program prints. UPDATE_GOLDEN=1 writes it anew. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('shows the output of npm start', () => {
  const output = execFileSync(process.execPath, ['dist/cli/main.js', 'run'], { encoding: 'utf8' });
  const readme = readFileSync('README.md', 'utf8');
  const block = /(<!-- output of npm start -->\n```\n)[\s\S]*?(```\n<!-- end -->)/;
  const expected = readme.replace(block, (_, before, after) => before + output + after);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync('README.md', expected);
  else expect(readme).toBe(expected);
});
