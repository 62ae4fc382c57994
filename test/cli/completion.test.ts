/** What a shell is told that could be typed next. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { complete } from '../../src/cli/completion.ts';
import { COMMANDS } from '../../src/cli/program.ts';
import { OPTION_NAMES, OPTIONS } from '../../src/scenario/option-table.ts';
import { flagOf } from '../../src/scenario/options.ts';
import { said } from './command.ts';

const ROOT = join(import.meta.dirname, '../..');

/** After a line, the last word of which is under the cursor. */
const after = async (line: string): Promise<string[]> =>
  (await complete(line.split(' '), COMMANDS)).map(([word]) => word);

it.each<[string, string[]]>([
  ['ca', ['capacity', 'calibrate']],
  ['trace in', ['inspect']],
  ['sweep m', ['merge']],
  ['run --gp', ['--gpu']],
  ['run --gpu h200', ['h200-sxm']],
  ['run --gpu=h200', ['--gpu=h200-sxm']],
  // As bash breaks it.
  ['run --gpu = h200', ['h200-sxm']],
  ['run --gpu = ', []],
  ['run --method none,eagle', ['none,eagle', 'none,eagle3']],
  ['run --method none,eagle,ea', ['none,eagle,eagle3']],
  ['run --method ora', ['oracle:']],
  ['run --method none,hybrid:ngram+ea', ['none,hybrid:ngram+eagle', 'none,hybrid:ngram+eagle3']],
  ['run --method oracle:suf', ['oracle:suffix']],
  ['run --policy off', ['off-above:']],
  ['run --trace qwen3-8b/a', ['qwen3-8b/aime']],
  ['run --router l', ['least-loaded']],
  ['run --format c', ['csv']],
  ['run --keep-truncated --gp', ['--gpu']],
  ['run --k 3 --gpu l40', ['l40s']],
  ['list g', ['gpus']],
  ['completion z', ['zsh']],
  ['plot sp', []],
  ['run --out ', []],
  ['run mine', []],
  ['nothing --gpu h', []],
])('%s', async (line, expected) => {
  const found = await after(line);
  if (line.endsWith(' = ')) expect(found).toContain('h100-sxm');
  else expect(found).toEqual(expected);
});

it('names every command and group, and nothing twice', async () => {
  const first = new Set([...COMMANDS.keys()].map((name) => name.split(' ')[0]!));
  expect(await after('')).toEqual([...first]);
});

describe.each([...COMMANDS.values()])('$name', ({ name, flags }) => {
  it('every option is offered but those that it refuses', async () => {
    const shown = Object.entries(flags).flatMap(([flag, { hidden }]) =>
      hidden === true ? [] : [`--${flag}`],
    );
    expect(await after(`${name} -`)).toEqual(shown);
  });
});

it.each(OPTION_NAMES.filter((name) => ['pick', 'name'].includes(OPTIONS[name].control.kind)))(
  '%s: its names are offered',
  async (name) => {
    const found = await after(`run --${flagOf(name)} `);
    if (name === 'workload') expect(found).toEqual([]);
    else expect(found.length).toBeGreaterThan(1);
  },
);

it('a given option is not offered again, unless it may be', async () => {
  expect(await after('run --gpu l4 --gp')).toEqual([]);
  expect(await after('run --set a=1x --se')).toEqual(['--set', '--seed']);
});

it('bash asks and shows', async () => {
  const { stdout } = await said('completion', 'bash');
  const line = (typed: string) => {
    const script = `${stdout}
      specsim() { node '${ROOT}/dist/cli/main.js' "$@"; }
      COMP_LINE='${typed}' COMP_POINT=${typed.length}; _specsim; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  };
  expect(line('specsim run --gpu h200')).toEqual(['h200-sxm']);
  expect(line('specsim run --method hybrid:ngram+ea')).toEqual(['ngram+eagle', 'ngram+eagle3']);
  expect(line('specsim run --gpu=h200')).toEqual(['h200-sxm']);
  expect(line('specsim swe')).toEqual(['sweep']);
});
