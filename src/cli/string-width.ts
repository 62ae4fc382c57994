/**
 * Columns that a text takes, for the layout of the help: it is ASCII, where each character takes one. Stands in for
 * the library of this name in the bundle (scripts/bundle.mjs), whose tables take 30 ms of every command to load.
 */
export default function stringWidth(text: string): number {
  return text.length;
}
