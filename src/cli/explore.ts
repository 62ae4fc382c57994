/** `specsim explore`: the page that runs the simulator. */
import { type Command, text } from './command.ts';

export const exploreCommand: Command = {
  name: 'explore',
  describe: 'the address of a page that runs the simulator in a browser, offline',
  expected: 'none',
  flags: {
    out: { describe: 'copy the page, one file, to this path' },
    open: { holds: 'switch', describe: 'open it in the browser' },
    state: { describe: "start at a view, such as 'gpu=h200-sxm&k=5'" },
  },
  examples: ['specsim explore --open', 'specsim explore --out specsim.html'],
  async run(given) {
    const { explore } = await import('../node/explore.ts');
    await explore({ out: text(given, 'out'), open: given.open === true, state: text(given, 'state') });
  },
};
