import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { sha256 } from '../src/sha256.ts';

afterEach(() => vi.unstubAllGlobals());

test('is the same with and without what browsers lend', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (text) => {
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
