import type { ByteString } from './byte-string';
import type { KeyValue } from './key-value';

/** `mvccpb.Event.EventType` */
export const EventType = { PUT: 0, DELETE: 1 } as const;
/** `WatchCreateRequest.FilterType` */
export const WatchFilter = { NOPUT: 0, NODELETE: 1 } as const;

/** One change of one key. A tombstone's `kv` has only key and `modRevision`. */
export interface WatchEvent {
  readonly type: 0 | 1;
  readonly kv: KeyValue;
  /** The version before, for watchers that asked for it, unless it is compacted or there was none. */
  readonly prevKv?: KeyValue;
}

export interface WatchRequest {
  readonly key: ByteString;
  readonly rangeEnd?: ByteString;
  /** First revision wanted, inclusive; 0: from now on. */
  readonly startRevision?: number;
  readonly prevKv?: boolean;
  readonly filters?: readonly number[];
  /** Send a bookmark from time to time while nothing happens. */
  readonly progressNotify?: boolean;
}

/**
 * What a watcher hands over, in revision order; a revision is never split over two batches.
 * - `events`: the changes (at least one);
 * - `progress`: nothing to tell; everything up to `revision` has been delivered;
 * - `compacted`: the start lies below `compactRevision`; the watch has ended;
 * - `cancelled`: the watch has ended, for the reason given.
 */
export type WatchBatch =
  | { readonly type: 'events'; readonly revision: number; readonly events: readonly WatchEvent[] }
  | { readonly type: 'progress'; readonly revision: number }
  | { readonly type: 'compacted'; readonly revision: number; readonly compactRevision: number }
  | { readonly type: 'cancelled'; readonly revision: number; readonly reason: string };

/**
 * A running watch. Two ways to read, not to be mixed: as an async iterable, which ends after `compacted`, `cancelled`
 * or `close()`; or by `poll()` whenever `onReadable` was called, which costs no promise per batch. Whoever does not read
 * holds up only himself: the server keeps a bounded number of bytes per watch and reads history again later.
 */
export interface Watch extends AsyncIterable<WatchBatch> {
  /** Store revision when the watch was created; with `startRevision` 0 the first event is later than this. */
  readonly createdRevision: number;
  /** The next batch that is ready, or `undefined`. */
  poll(): WatchBatch | undefined;
  /** Called (once per change from "nothing to poll" to "something to poll") from outside of `poll`. One listener. */
  onReadable(listener: () => void): void;
  /** The revision up to which everything was handed over, or `undefined` while it is still catching up. */
  progress(): number | undefined;
  close(): void;
}
