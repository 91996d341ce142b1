import { randomBytes, randomInt } from 'node:crypto';
import type { Random } from '@quorate/api';

/** Randomness of the operating system. */
export class SystemRandom implements Random {
  int(maxExclusive: number): number {
    return randomInt(maxExclusive);
  }

  bytes(count: number): Buffer {
    return randomBytes(count);
  }
}
