import { randomBytes } from "#crypto";

/** A random integer from 0 to below the limit, which is at most 2^32. Uniform: a draw from the rest that the limit does not divide is drawn again. */
export function drawBelow(limit: number): number {
  const bound = 0x1_0000_0000 - (0x1_0000_0000 % limit);
  for (;;) {
    const [a, b, c, d] = randomBytes(4) as unknown as [number, number, number, number];
    const value = a * 0x100_0000 + ((b << 16) | (c << 8) | d);
    if (value < bound) return value % limit;
  }
}
