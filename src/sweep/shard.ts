/** Which part of a sweep is this machine's: stated, or what the scheduler says in the environment. */
import { shown, UserError } from '../errors.ts';
import type { Shard } from './plan.ts';

const FORMS =
  'expected i/n with i from 1 to n; */n with the index from the scheduler; or * for index and count of a Slurm array';

/**
 * @param given `3/8`, `*`/8 or `*`
 * @param environment of the process: SLURM_ARRAY_TASK_* counts from the array's first index,
 *   JOB_COMPLETION_INDEX (Kubernetes) from 0
 * @throws UserError for another form, or when the environment does not say
 */
export function parseShard(given: string, environment: Readonly<Record<string, string | undefined>>): Shard {
  const [, index, count] = /^(\d+|\*)(?:\/(\d+))?$/.exec(given) ?? [];
  if (index === undefined || (index !== '*' && count === undefined)) {
    throw new UserError(`--shard: got ${shown(given)}, ${FORMS}`);
  }
  const shard =
    index === '*' ? scheduled(given, count, environment) : { index: Number(index), count: Number(count) };
  if (shard.index < 1 || shard.index > shard.count) {
    throw new UserError(`--shard ${given}: part ${shard.index} of ${shard.count}, ${FORMS}`);
  }
  return shard;
}

function scheduled(
  given: string,
  count: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Shard {
  const { SLURM_ARRAY_TASK_ID: task, JOB_COMPLETION_INDEX: completion } = environment;
  if (task !== undefined) {
    const [id, first, last, tasks] = ['ID', 'MIN', 'MAX', 'COUNT'].map((name) =>
      Number(environment[`SLURM_ARRAY_TASK_${name}`]),
    ) as [number, number, number, number];
    if (last - first + 1 !== tasks) {
      throw new UserError(
        `--shard ${given}: the Slurm array has ${tasks} tasks from ${first} to ${last}, expected one without gaps, such as --array=0-7`,
      );
    }
    if (count !== undefined && Number(count) !== tasks) {
      throw new UserError(`--shard ${given}: the Slurm array has ${tasks} tasks, expected ${count}`);
    }
    return { index: id - first + 1, count: tasks };
  }
  if (completion !== undefined) {
    if (count === undefined) {
      throw new UserError(
        `--shard ${given}: Kubernetes does not say how many, expected */n with the completions`,
      );
    }
    return { index: Number(completion) + 1, count: Number(count) };
  }
  throw new UserError(
    `--shard ${given}: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set, expected a job of an array, or i/n`,
  );
}
