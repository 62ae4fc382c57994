import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { sha256 } from '../src/sha256.ts';

/** `unit: 'binary'` of fast-check's strings says the same and takes seconds to begin. */
const texts = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 300 })
  .map((codes) => String.fromCodePoint(...codes));

afterEach(() => vi.unstubAllGlobals());

test('is the same with and without what browsers lend', async () => {
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const expected = createHash('sha256')
        .update(Buffer.from(new TextEncoder().encode(text)))
        .digest('hex');
      expect(await sha256(text)).toBe(expected);
      vi.stubGlobal('crypto', { subtle: undefined });
      expect(await sha256(text)).toBe(expected);
      vi.unstubAllGlobals();
    }),
    { numRuns: 50 },
  );
});
