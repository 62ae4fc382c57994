/** What a file is, told by its content. */
import { OPTION_NAMES } from '../scenario/option-table.ts';
import type { OptionName } from '../scenario/options.ts';
import { isObject, type Json } from '../trace/formats/fields.ts';
import { isProcess } from '../trace/read.ts';
import { tell } from '../trace/tell.ts';
import { isWorkload } from '../workload/read.ts';

const KNOWN = "a trace of specsim's, a workload, a config.json, a profile or a result";

/** Lines that are looked at. */
const HEAD = 200;

/**
 * A value for an option, or a scenario, alone or in a result, to go back to.
 *
 * @throws Error for what is nothing of that
 */
export function recognised(text: string, name: string): { option: OptionName } | { scenario: Json } {
  if (text.trim() === '') throw new Error(`is empty, expected ${KNOWN}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    if (name.endsWith('.json')) throw new Error(`not valid JSON, expected ${KNOWN}`);
  }
  if (isObject(json)) {
    const keys = Object.keys(json).filter((key) => key !== '$schema');
    const has = (...some: readonly string[]) => some.some((key) => keys.includes(key));
    if (has('schemaVersion') && isObject(json.config)) return { scenario: json.config };
    if (has('specification')) return { option: 'gpu' };
    if (has('graphSizes', 'stepOverhead')) return { option: 'engine' };
    if (has('hidden_size', 'architectures', 'text_config', 'hidden')) return { option: 'target' };
    if (keys.length > 0 && keys.every((key) => OPTION_NAMES.includes(key as OptionName)))
      return { scenario: json };
  }
  if (tell(text.split('\n', HEAD), false, null) !== null || isProcess(text)) return { option: 'trace' };
  if (isWorkload(text)) return { option: 'workload' };
  throw new Error(
    `is nothing that this page knows, expected ${KNOWN}; "specsim trace import" makes a trace of what a server wrote`,
  );
}
