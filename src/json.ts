/** JSON that a user wrote or may have changed. */
import { shown, UserError } from './errors.ts';

/** Lists and objects in one another; no file here has more than a dozen. */
export const MAX_DEPTH = 100;

/** @throws UserError, with what the text is called before it, for text that is no JSON, nests without end or repeats a key */
export function readJson({ text, where }: { readonly text: string; readonly where: string }): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${where}: not valid JSON: ${(error as Error).message.toLowerCase()}`);
  }
  checkKeys(text, where);
  return json;
}

/** Of valid JSON, since what was parsed no longer shows a key that stood there twice. */
function checkKeys(text: string, where: string): void {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : null);
      if (open.length > MAX_DEPTH) throw new UserError(`${where}: JSON nested more than ${MAX_DEPTH} deep`);
    } else if (char === '}' || char === ']') open.pop();
    else if (char === '"') {
      const begin = at;
      at = endOfString(text, begin);
      const keys = open.at(-1);
      if (keys == null || !/^\s*:/.test(text.slice(at + 1, at + 200))) continue;
      const key = JSON.parse(text.slice(begin, at + 1)) as string;
      if (keys.has(key)) throw new UserError(`${where}: ${shown(key)} given twice, expected one value`);
      if (key === '__proto__') throw new UserError(`${where}: unknown key ${shown(key)}`);
      keys.add(key);
    }
  }
}

/** Where the string that begins at a quote ends. */
function endOfString(text: string, begin: number): number {
  let at = begin + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
