/**
 * Assertions that stay on in production: a broken invariant means that going on could lose or diverge acknowledged state, so the
 * member stops instead. Expected refusals are values or errors of their own, never assertions.
 */

/** A programmer's error or corrupted state was found. Nothing catches it: the process ends. */
export class InvariantViolation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvariantViolation';
  }
}

/** Throws {@link InvariantViolation} unless `condition` holds. On hot paths pass a constant message: a template is built even when it holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** Throws {@link InvariantViolation}: for a branch where the message needs building. */
export function violated(message: string): never {
  throw new InvariantViolation(message);
}

/** Proves to the compiler that a union was handled completely; throws if bytes from outside broke that promise. */
export function unreachable(value: never, what: string): never {
  throw new InvariantViolation(`unexpected ${what}: ${String(value)}`);
}
