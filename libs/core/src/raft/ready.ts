import type { Message } from './message';
import type { AppendJob, Entry, LogReadRequest, RaftEvent, ReadState, SoftState } from './types';

/**
 * Everything to be done now. Taking it is the acknowledgement: the next `ready()` goes on after it. All lists belong to the caller and
 * are not touched again, their elements are immutable.
 */
export interface Ready {
  /** To be written; see {@link AppendJob}. */
  readonly append: AppendJob | undefined;
  /** May leave at once, in this order: whatever promises durability was held back until `stored`. */
  readonly messages: readonly Message[];
  /** To be applied in order, after those of earlier calls; all of them are durable here. Conf changes go through `applyConfChange`. */
  readonly committed: readonly Entry[];
  readonly readStates: readonly ReadState[];
  /** Contexts of reads that will never be answered (the leader changed): ask again. */
  readonly droppedReads: readonly number[];
  readonly logReads: readonly LogReadRequest[];
  /** Followers that need a snapshot: open one, then `sendSnapshot`, or `reportSnapshot(to, false)`. */
  readonly snapshotRequests: readonly bigint[];
  /** Present when it differs from the one handed out last. */
  readonly softState: SoftState | undefined;
  readonly events: readonly RaftEvent[];
}
