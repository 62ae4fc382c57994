/** One request of a setting, round by round, and how long a step of it is in the mean. */
import { takesK } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import { idsOf } from '../trace/request-ids.ts';
import { Bench } from './bench.ts';
import type { Inputs } from './inputs.ts';
import { type Answer, answerOf, type Row } from './result.ts';
import { settingsOf } from './run.ts';

export interface Rounds extends Answer<Row> {
  readonly row: Row;
  /** Id of the request in its trace. */
  readonly request: string;
  readonly rounds: readonly { readonly drafted: number; readonly accepted: number }[];
  /** Mean milliseconds of a decode step at the row's batch size: of the setting, and of plain decoding. */
  readonly stepMs: number;
  readonly baselineStepMs: number;
}

/**
 * The rounds of one request under the last method that takes k, with the first k, as copies of itself at the first batch size.
 *
 * @param request number of the request in the trace, from 0
 * @throws UserError for another load than clones, a method that takes no k, or a request that is not there
 */
export function roundsOf(inputs: Inputs, request: number): Rounds {
  const { scenario, traces } = inputs;
  const settings = settingsOf(inputs).filter(({ method }) => takesK(method));
  const setting = settings.find(({ method }) => method === settings.at(-1)!.method);
  if (scenario.load !== 'clones' || setting === undefined) {
    throw new UserError(
      `--load ${scenario.load} --method ${scenario.method.join()}: rounds are those of a method that drafts under --load clones, such as eagle3`,
    );
  }
  const [trace] = traces;
  const { outputTokens } = trace!;
  if (!(request < outputTokens.length)) {
    throw new UserError(
      `request ${request}: trace ${trace!.name} has ${outputTokens.length}, expected at most ${outputTokens.length - 1}`,
    );
  }
  const warnings = new Set(inputs.warnings);
  const bench = new Bench(inputs, trace!, 'clones', warnings);
  const batch = scenario.batch[0]!;
  const row = bench.row(setting, batch);
  const plain = bench.plainMeasures(setting, batch);
  const rounds = bench.roundsOf(setting, batch, request);
  if (rounds.length === 0) {
    throw new UserError(
      `request ${request} of trace ${trace!.name} has no second token, expected one with rounds`,
    );
  }
  return {
    ...answerOf(scenario, inputs, warnings, [{ trace: 0, rows: [row] }]),
    row,
    request: idsOf(trace!)[request]!,
    rounds,
    stepMs: stepMs(row),
    baselineStepMs: stepMs(plain),
  };
}

function stepMs({ step_ms }: Pick<Row, 'step_ms'>): number {
  return Object.values(step_ms!).reduce((sum, ms) => sum + ms, 0);
}
