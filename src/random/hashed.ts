/**
 * Draws without a state: a draw is a hash of a key and of its number, so that any of them is had alone and in any order.
 * The mix is that of "lowbias32" with the best known constants for two rounds (C. Wellons and TheIronBorn, public
 * domain: each bit of the number turns each bit of the hash with a probability of 0.5, to 0.1 percent), with the second
 * word of the key between its rounds.
 */
import { stream } from './streams.ts';

/** What the draws of one purpose and item, such as a request, are told apart by. */
export interface DrawKey {
  readonly first: number;
  readonly second: number;
}

/** 32 random bits, as a signed integer: the draw of that number. */
export function hashed(first: number, second: number, number: number): number {
  let bits = (first + number) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad) ^ second;
  bits = Math.imul(bits ^ (bits >>> 15), 0xd35a2d97);
  return bits ^ (bits >>> 15);
}

/** Keys of the items of one purpose: the same seed, purpose and item have the same key. */
export function drawKeys(seed: number, ...purpose: readonly (string | number)[]): (item: number) => DrawKey {
  const draw = stream(seed, ...purpose);
  const [first, second] = [word(draw()), word(draw())];
  return (item) => ({
    first: hashed(first, second, 2 * item),
    second: hashed(first, second, 2 * item + 1),
  });
}

function word(uniform: number): number {
  return (uniform * 2 ** 32) | 0;
}
