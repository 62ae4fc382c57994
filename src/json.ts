/** JSON that a user wrote or may have changed. */
import { UserError } from './errors.ts';

/** @throws UserError, with what the text is called before it, for text that is no JSON */
export function readJson({ text, where }: { readonly text: string; readonly where: string }): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${where}: not valid JSON: ${(error as Error).message.toLowerCase()}`);
  }
}
