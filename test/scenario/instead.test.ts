import { expect, it } from 'vitest';
import { COMMANDS, mistake, specsim } from '../../src/cli/program.ts';
import { refusedSettings } from '../../src/scenario/instead.ts';

it.each(refusedSettings)('--%s is refused by name, with what to do instead', async (name) => {
  const said = await specsim(['run', `--${name}`, '3']).then(
    () => null,
    (error) => mistake(error),
  );
  expect(said).toMatch(new RegExp(`^--${name}: .*--[\\w-]+ `));
});

it('nothing that is an option is refused so', () => {
  const options = [...COMMANDS.values()].flatMap(({ flags }) => Object.keys(flags));
  expect(refusedSettings.filter((name) => options.includes(name))).toEqual([]);
});
