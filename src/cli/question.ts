/** The command of a question, made from its card. */
import type { CommandModule } from 'yargs';
import type { Card } from '../questions/cards.ts';
import { flagOf } from '../scenario/options.ts';
import { commandLineOf, SCENARIO_OPTIONS, scenarioFlags } from './scenario-flags.ts';

/** Every option of the command, for the error that names the nearest. */
export function questionOptions({ without = [], flags = {} }: Card): string[] {
  const refused = without.map(flagOf);
  return [...SCENARIO_OPTIONS.filter((name) => !refused.includes(name)), ...Object.keys(flags), 'plot'];
}

export function questionCommand(card: Card): CommandModule {
  const own = Object.entries(card.flags ?? {});
  return {
    command: `${card.name} [scenario]`,
    describe: card.describe,
    builder(args) {
      scenarioFlags(args, card.help);
      for (const [name, { describe, choices }] of own)
        args.option(name, {
          ...(choices === undefined ? { type: 'string' } : { choices }),
          requiresArg: true,
          describe,
        });
      return args.option('plot', {
        type: 'string',
        requiresArg: true,
        describe: 'draw the answer to this file: .svg or .png, or .html for a report',
      });
    },
    async handler(args) {
      const { ask } = await import('../node/ask.ts');
      const given = own.map(([name]) => [name, args[name] as string | undefined] as const);
      await ask(card, commandLineOf(args, Object.fromEntries(given)), args.plot as string | undefined);
    },
  };
}
