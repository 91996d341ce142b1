/** A source of randomness, handed in so that a seed can replay it. */
export interface Random {
  /** A whole number from 0 up to, but not including, `maxExclusive` (at most 2^32). */
  int(maxExclusive: number): number;
  /** `count` random bytes. */
  bytes(count: number): Buffer;
}
