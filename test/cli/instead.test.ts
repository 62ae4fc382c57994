import { expect, it } from 'vitest';
import { refusedSettings } from '../../src/cli/instead.ts';
import { mistake, specsim } from '../../src/cli/program.ts';
import { SCENARIO_OPTIONS } from '../../src/cli/scenario-flags.ts';

it.each(refusedSettings)('--%s is refused by name, with what to do instead', async (name) => {
  const said = await specsim(['run', `--${name}`, '3']).then(
    () => null,
    (error) => mistake(error),
  );
  expect(said).toMatch(new RegExp(`^--${name}: .*(--acceptance|--set) `));
});

it('nothing that is an option is refused so', () => {
  expect(refusedSettings.filter((name) => SCENARIO_OPTIONS.includes(name))).toEqual([]);
});
