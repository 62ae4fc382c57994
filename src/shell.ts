/** Words of a command as a POSIX shell reads them. */

/** The word, in quotes where a shell would take it apart. */
export function inShell(word: string): string {
  return /^[\w@%+=:,./~^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
