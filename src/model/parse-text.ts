/** The text of a model's file: JSON as Python writes it, which may hold Infinity and NaN. */
import { UserError } from '../errors.ts';

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/** @throws UserError for what is no JSON even when these are taken for null, as nothing here needs them */
export function parseModelText(text: string, where: string): unknown {
  try {
    return JSON.parse(text.replace(STRING_OR_NUMBER, (found) => (found.startsWith('"') ? found : 'null')));
  } catch (error) {
    throw new UserError(`${where}: not valid JSON: ${(error as Error).message.toLowerCase()}`);
  }
}
