/** What every command says of itself. */
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/program.ts';
import { UserError } from '../../src/errors.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { CARDS } from '../../src/questions/cards.ts';
import { gatherInputs, type Inputs } from '../../src/scenario/inputs.ts';
import {
  askedOf,
  checkUsed,
  completeScenario,
  type OptionName,
  type Options,
  type Scenario,
} from '../../src/scenario/options.ts';
import type { Asks } from '../../src/scenario/scenario.ts';
import { OTHER, WORKLOAD } from '../other-options.ts';
import { said } from './command.ts';

describe.each([...COMMANDS.values()])('the help of $name', ({ name, takes = [], flags, examples }) => {
  it('has what it takes, and fits 80 columns', async () => {
    const { stdout } = await said(...name.split(' '), '--help');
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    for (const { describe } of takes) expect(stdout).toContain(describe.slice(0, 20));
    const shown = [...stdout.matchAll(/^ {2}(?: {4})?-{1,2}([\w-]+)/gm)].map(([, flag]) => flag!);
    const expected = Object.entries(flags).flatMap(([flag, { hidden }]) => (hidden === true ? [] : [flag]));
    expect(shown.filter((flag) => flag !== 'help' && flag !== 'version').sort()).toEqual(expected.sort());
  });

  it('has two examples of options that it has', async () => {
    const { stdout } = await said(...name.split(' '), '--help');
    for (const example of examples) {
      expect(stdout).toContain(`\n  ${example}\n`);
      expect(example.startsWith(`specsim ${name}`)).toBe(true);
      for (const [, flag] of example.matchAll(/ --([\w-]+)/g)) {
        expect(flags).toHaveProperty(flag!);
        expect(flags[flag!]!.hidden).toBeUndefined();
      }
    }
  });
});

/** The loads under which a question may be asked. */
const LOADS: readonly Options[] = [{}, { load: 'closed' }, { load: 'poisson:7' }, { workload: WORKLOAD }];

const inputs = await gatherInputs(completeScenario({ requests: 2 }), folderLibrary);

/** Without what it reads. */
async function read(scenario: Scenario, asks?: Asks): Promise<Inputs> {
  checkUsed(scenario, askedOf(scenario, asks));
  return inputs;
}

describe.each(CARDS)('$name', (card) => {
  it.each(Object.keys(OTHER) as OptionName[])('lists --%s if it can act, and only then', async (option) => {
    const question = await card.load();
    const [value, beside = {}] = OTHER[option];
    const fates: string[] = [];
    for (const load of LOADS) {
      const slo = card.name === 'capacity' ? { slo: 'ttft=500ms' } : {};
      const named = { method: ['eagle3'], ...slo, ...beside, [option]: value, ...load };
      try {
        await question.gather(named, read, {});
        fates.push('acts');
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        fates.push(error.message);
      }
    }
    const hidden = card.without?.includes(option) === true;
    expect(fates.includes('acts'), fates.join('; ')).toBe(!hidden);
  });
});
