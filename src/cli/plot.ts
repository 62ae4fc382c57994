/** `specsim plot`: one picture in a file. */
import { CHART_KINDS } from '../plot/chart.ts';
import { CARDS } from '../questions/cards.ts';
import { type Command, OUT, text } from './command.ts';
import { commandLineOf, optionFlags } from './scenario-flags.ts';

/** Flags of questions that change what they answer. */
const OWN = Object.fromEntries(
  CARDS.flatMap(({ flags }) => Object.entries(flags ?? {})).filter(([, { role }]) => role === undefined),
);

export const plotCommand: Command = {
  name: 'plot',
  describe: 'draw one picture, of a saved result (JSON) or of a scenario that is run',
  takes: [
    { word: '<kind>', describe: CHART_KINDS.join(', ') },
    { word: '[scenario]', describe: 'a result or a scenario (JSON); flags win over a scenario' },
  ],
  expected: 'a kind of picture and at most one file',
  flags: {
    ...optionFlags(),
    out: OUT,
    ...OWN,
    measured: {
      describe: 'of speedup: crosses from a CSV with dataset, method, k, batch_size and speedup',
    },
    theme: { describe: 'light, dark or print (default light)' },
    size: { describe: 'width and height in pixels (default 760x440)' },
    title: { describe: 'a title of your own' },
  },
  examples: [
    'specsim plot speedup --out speedup.svg',
    'specsim plot waterfall --method eagle3 --batch 1,128 --out bound.png',
  ],
  async run(given) {
    const [{ plot }, { lookOf }] = await Promise.all([
      import('../node/plot.ts'),
      import('../node/picture.ts'),
    ]);
    const own = Object.fromEntries(Object.keys(OWN).map((name) => [name, text(given, name)]));
    const look = lookOf(given as Parameters<typeof lookOf>[0]);
    await plot(text(given, 'kind')!, commandLineOf(given, own), look, text(given, 'measured'));
  },
};
