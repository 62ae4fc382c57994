/** The command of a question, made from its card. */
import type { Card } from '../questions/cards.ts';
import { type Command, text } from './command.ts';
import { commandLineOf, DELIVERY, optionFlags, SCENARIO_FILE } from './scenario-flags.ts';

export function questionCommand(card: Card): Command {
  const own = card.flags ?? {};
  return {
    name: card.name,
    describe: card.describe,
    takes: [SCENARIO_FILE],
    expected: 'at most one, a scenario file',
    flags: {
      ...optionFlags(card.help, card.without),
      ...own,
      ...DELIVERY,
      plot: { describe: 'draw the answer to this file: .svg or .png, or .html for a report' },
    },
    examples: card.examples,
    async run(given) {
      const { ask } = await import('../node/ask.ts');
      const values = Object.keys(own).map((name) => [name, text(given, name)] as const);
      const line = commandLineOf(given, Object.fromEntries(values));
      try {
        await ask(card, line, text(given, 'plot'));
      } catch (error) {
        const { withOtherKind } = await import('../node/other-kind.ts');
        throw await withOtherKind(error, line);
      }
    },
  };
}
