/** Hashes of texts, also on pages that came over plain http, where browsers lend no `crypto.subtle`. */

/** Hexadecimal SHA-256 of a text in UTF-8. */
export async function sha256(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const digest =
    globalThis.crypto?.subtle === undefined
      ? (await import('./sha256-in-script.ts')).sha256(bytes)
      : new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
