/** `specsim tune`: the best method and k at every batch size, and the schedule for an engine. */

import { UserError } from '../errors.ts';
import { scheduleDocument } from '../questions/schedule-document.ts';
import { flatTuning, tuneDocument } from '../questions/tune.ts';
import { DEFAULT_MAX_K, type Tuning, tune } from '../questions/tuning.ts';
import { bestForVllm, vllmConfig } from '../questions/vllm.ts';
import { gatherInputs, type Inputs } from '../scenario/inputs.ts';
import { checkHardwareQuestion, completeScenario, parseOptions, parseSizes } from '../scenario/options.ts';
import { folderLibrary } from './folder-library.ts';
import { checkWritable } from './output.ts';
import { deliver, optionsOf, type Request, showProgress, write } from './request.ts';

/** What tune is asked beyond a scenario, as written. */
interface TuneFlags {
  readonly maxK: string | undefined;
  readonly context: string | undefined;
  readonly emit: 'vllm' | 'vllm-2d' | 'json' | undefined;
}

/** @throws UserError before anything is written */
export async function tuneRequest(request: Request, flags: TuneFlags): Promise<void> {
  if (request.out !== undefined) await checkWritable(request.out, '--out');
  if (flags.emit !== undefined && request.format !== 'table') {
    throw new UserError(`--format ${request.format} has no effect with --emit ${flags.emit}, which is JSON`);
  }
  const options = await optionsOf(request);
  if (options.k !== undefined) throw new UserError('--k: tune chooses it, expected --max-k');
  if (options.promptLen !== undefined && flags.context !== undefined) {
    throw new UserError('--prompt-len and --context are the same to tune: expected one of them');
  }
  const maxK =
    flags.maxK === undefined ? DEFAULT_MAX_K : parseOptions({ k: flags.maxK }, () => '--max-k').k!.at(-1)!;
  const scenario = completeScenario({
    method: ['ngram', 'eagle3'],
    ...parseOptions({ batch: '1..256' }, String),
    ...options,
  });
  if (scenario.policy.join() !== 'fixed') {
    throw new UserError('--policy: tune is about fixed draft lengths by batch size, expected none');
  }
  checkHardwareQuestion('tune', scenario);
  const contexts = flags.context === undefined ? [null] : parseSizes(flags.context, '--context');
  const inputs: Inputs[] = [];
  for (const promptLen of contexts) {
    inputs.push(
      await gatherInputs(promptLen === null ? scenario : { ...scenario, promptLen }, folderLibrary),
    );
  }
  const result = await tune(inputs, maxK, showProgress);
  if (flags.emit === undefined) {
    await deliver(
      { result, flat: () => flatTuning(result), document: () => tuneDocument(result, inputs) },
      request,
    );
  } else {
    const emitted =
      flags.emit === 'json'
        ? scheduleDocument(result)
        : vllmConfig(onlyTrace(result, flags.emit), flags.emit);
    await write(`${JSON.stringify(emitted)}\n`, request.out);
  }
}

/** The schedule of the best method that vLLM has; a table for an engine can only be of one trace. */
function onlyTrace({ config, schedules }: Tuning, emit: string): Tuning['schedules'][number] {
  if (config.trace.length > 1) {
    throw new UserError(`--emit ${emit}: a schedule is of one trace, got ${config.trace.join(', ')}`);
  }
  const best = bestForVllm(schedules);
  if (best === undefined) {
    throw new UserError(
      `--method ${config.method.join()}: vLLM runs none of them by a schedule, expected a plain method such as ngram or eagle3 beside them for --emit ${emit}`,
    );
  }
  return best;
}
