/**
 * Synchronous work that can be interrupted between slices (a fixed number of keys each, so that it is deterministic):
 * whoever runs it does other things between two calls of `next`, or none.
 */
export type Steps<T> = Generator<undefined, T>;

/** Keys that one slice may touch; a few milliseconds of work at most (a deletion costs the most, 1 to 4 µs per key). */
export const SLICE_KEYS = 1000;

/** Runs all slices at once. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
