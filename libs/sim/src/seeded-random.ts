import type { Random } from '@quorate/api';

/** The same numbers for the same seed, on every machine: xoshiro128** (Blackman and Vigna), its state filled by splitmix32. */
export class SeededRandom implements Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /** @param seed any number; its low 32 bits count */
  constructor(seed: number) {
    let mixed = seed | 0;
    const word = (): number => {
      mixed = (mixed + 0x9e3779b9) | 0;
      let bits = mixed;
      bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
      bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
      return bits ^ (bits >>> 16);
    };
    this.a = word();
    this.b = word();
    this.c = word();
    this.d = word();
  }

  int(maxExclusive: number): number {
    return Math.floor(((this.next() >>> 0) / 0x1_0000_0000) * maxExclusive);
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count);
    let at = 0;
    for (; at + 4 <= count; at += 4) bytes.writeInt32LE(this.next(), at);
    for (let rest = this.next(); at < count; at++, rest >>>= 8) bytes[at] = rest & 0xff;
    return bytes;
  }

  /** 32 random bits, as a signed number. */
  private next(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.b, 5), 7), 9);
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = rotateLeft(this.d, 11);
    return result;
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
