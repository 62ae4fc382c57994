/** The text format of Prometheus: a sample a line. */
import { shown, UserError } from '../../errors.ts';

export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const NAME = /[a-zA-Z_:][\w:]*/y;
const LABEL = /\s*([a-zA-Z_]\w*)="([^"\\]*(?:\\.[^"\\]*)*)"\s*,?/y;
const VALUE = /\s*(\S+)/y;

/**
 * The sample of a line; null for comments, blank lines and what is none.
 *
 * @throws UserError when labels or the value break off
 */
export function sampleIn(line: string, at: string): Sample | null {
  NAME.lastIndex = 0;
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return null;
  let next = name.length;
  const labels = new Map<string, string>();
  if (line[next] === '{') {
    LABEL.lastIndex = next + 1;
    for (let label = LABEL.exec(line); label !== null; label = LABEL.exec(line)) {
      next = LABEL.lastIndex - 1;
      labels.set(label[1]!, label[2]!);
    }
    next = line.indexOf('}', next);
    if (next === -1) throw new UserError(`${at}: not a Prometheus sample: ${shown(line.slice(0, 60))}`);
    next++;
  }
  VALUE.lastIndex = next;
  const text = VALUE.exec(line)?.[1];
  if (text === undefined) throw new UserError(`${at}: not a Prometheus sample: ${shown(line.slice(0, 60))}`);
  return { name, labels, value: /^[+-]?inf$/i.test(text) ? Number.POSITIVE_INFINITY : Number(text) };
}

/** Whether a line is a sample, or a comment on one, of a series whose name holds `part`. */
export function isOf(line: string, part: string): boolean {
  const name = /^(?:# (?:HELP|TYPE) )?([a-zA-Z_:][\w:]*)/.exec(line)?.[1];
  return name?.includes(part) === true;
}

/** @throws UserError unless a counter's value is a number of at least 0 */
export function counted({ name, value }: Sample, at: string): number {
  if (value >= 0 && Number.isFinite(value)) return value;
  throw new UserError(`${at}: ${name} is ${value}, expected a number of at least 0`);
}
