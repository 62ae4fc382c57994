/** `specsim model`: sizes of a model or draft head. */
import { type Command, formats } from './command.ts';

export const modelCommand: Command = {
  name: 'model',
  describe: 'parameters, bytes, KV cache, states and context of a model: a name or a config.json',
  takes: [{ word: '<model>', describe: 'name of a model or head, or a file' }],
  expected: 'a name or a file',
  flags: { format: formats(['table', 'json']) },
  examples: ['specsim model qwen3-8b', 'specsim model examples/files/config.json'],
  async run({ model, format }) {
    const { factsOf } = await import('../node/model.ts');
    const { modelDocument, modelJson } = await import('../report/model.ts');
    const { textOf } = await import('../report/text.ts');
    const facts = await factsOf(String(model));
    process.stdout.write(
      format === 'json' ? `${JSON.stringify(modelJson(facts), null, 2)}\n` : textOf(modelDocument(facts)),
    );
  },
};
