/** `specsim model`: sizes of a model or draft head. */
import type { CommandModule } from 'yargs';

/** Every option, for the error that names the nearest. */
export const MODEL_OPTIONS = ['format'];

export const modelCommand: CommandModule<object, { model: string; format: string }> = {
  command: 'model <model>',
  describe: 'parameters, bytes, KV cache, states and context of a model: a name or a config.json',
  builder: (args) =>
    args
      .positional('model', {
        type: 'string',
        demandOption: true,
        describe: 'name of a model or head, or a file',
      })
      .option('format', { choices: ['table', 'json'], requiresArg: true, default: 'table' }),
  async handler({ model, format }) {
    const { factsOf } = await import('../node/model.ts');
    const { modelDocument, modelJson } = await import('../report/model.ts');
    const { textOf } = await import('../report/text.ts');
    const facts = await factsOf(model);
    process.stdout.write(
      format === 'json' ? `${JSON.stringify(modelJson(facts), null, 2)}\n` : textOf(modelDocument(facts)),
    );
  },
};
