import { randomBytes, randomInt } from 'node:crypto';
import type { Random } from '@quorate/api';

/** Randomness from the operating system, good enough for ids and salts. */
export class SystemRandom implements Random {
  int(maxExclusive: number): number {
    return randomInt(maxExclusive);
  }

  bytes(count: number): Buffer {
    return randomBytes(count);
  }
}
