import {
  ApiError, type ByteString, type CallContext, type Change, type Clock, type KvApi, PlatformError, type Watch, type WatchBatch,
} from '@quorate/api';
import { changesOf, type Scope, type Snapshot, snapshotOf } from './scope';

/**
 * What a follower is told, in this order: a snapshot (left out when it resumes), then changes in revision order, each
 * once. `reset`: the history after the last frame is gone; a fresh snapshot follows. `progress`: everything up to
 * `revision` has been told.
 */
export type FollowBatch<K, V> =
  | ({ readonly type: 'snapshot' } & Snapshot<V>)
  | { readonly type: 'changes'; readonly revision: number; readonly changes: readonly Change<K, V>[] }
  | { readonly type: 'reset'; readonly revision: number }
  | { readonly type: 'progress'; readonly revision: number };

export interface FollowOptions {
  /** Resume strictly after this revision instead of beginning with a snapshot. A revision that the cluster has not reached counts as compacted. */
  readonly afterRevision?: number;
  /** Ends the following when aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Follows a scope until the signal aborts or the reader stops reading. It holds nothing but one watch: a slow reader
 * holds up only itself, and catches up from history.
 * @throws ApiError `watch_cancelled` when the store ends the watch, and whatever reading a snapshot throws
 */
export async function* follow<K, V>(kv: KvApi, scope: Scope<K, V>, options: FollowOptions = {}): AsyncGenerator<FollowBatch<K, V>, void, undefined> {
  const { signal } = options;
  const context: CallContext = signal === undefined ? {} : { signal };
  let after = options.afterRevision;
  if (after !== undefined) {
    const present = await presentRevision(kv, context);
    if (after > present) {
      yield { type: 'reset', revision: present };
      after = undefined;
    }
  }
  for (;;) {
    if (after === undefined) {
      const snapshot = await snapshotOf(kv, scope, { context });
      yield { type: 'snapshot', ...snapshot };
      after = snapshot.revision;
    }
    const watch = await kv.watch({ key: scope.key, rangeEnd: scope.rangeEnd, startRevision: after + 1, progressNotify: true }, context);
    for await (const batch of watch) {
      if (batch.type === 'cancelled') throw new ApiError('watch_cancelled', batch.reason);
      if (batch.type === 'compacted') {
        yield { type: 'reset', revision: batch.revision };
        after = undefined;
        break;
      }
      after = Math.max(after ?? 0, batch.revision);
      const told = toldBy(scope, batch);
      if (told) yield told;
    }
    if (after !== undefined) return;
  }
}

function toldBy<K, V>(scope: Scope<K, V>, batch: WatchBatch & { readonly type: 'events' | 'progress' }): FollowBatch<K, V> | undefined {
  if (batch.type === 'progress') return { type: 'progress', revision: batch.revision };
  const changes = changesOf(scope, batch);
  return changes.length === 0 ? undefined : { type: 'changes', revision: batch.revision, changes };
}

/** A linearizable look at where the cluster is. */
export async function presentRevision(kv: KvApi, context: CallContext = {}): Promise<number> {
  return (await kv.range({ key: '\0', countOnly: true }, context)).header.revision;
}

/**
 * Waits for a change strictly after a revision, in one range of keys, at most `waitMs` long.
 * @returns whether there was one; an ended wait is no error
 * @throws PlatformError `compacted` where the history after that revision is gone, or was never reached
 */
export async function waitForChange(
  kv: KvApi, clock: Clock, range: { readonly key: ByteString; readonly rangeEnd: ByteString }, afterRevision: number, waitMs: number, signal?: AbortSignal,
): Promise<boolean> {
  const context: CallContext = signal === undefined ? {} : { signal };
  if (afterRevision > await presentRevision(kv, context)) throw new PlatformError('compacted', 'the cluster has not reached this revision');
  const watch = await kv.watch({ ...range, startRevision: afterRevision + 1 }, context);
  const batch = await firstBatch(watch, clock, waitMs);
  if (batch?.type === 'compacted') throw new PlatformError('compacted');
  return batch?.type === 'events';
}

/**
 * Waits until this member has applied a revision.
 * @throws PlatformError `revision_not_reached`
 */
export async function waitForRevision(kv: KvApi, clock: Clock, revision: number, waitMs: number, signal?: AbortSignal): Promise<void> {
  const context: CallContext = signal === undefined ? {} : { signal };
  const local = await kv.range({ key: '\0', countOnly: true, serializable: true }, context);
  if (local.header.revision >= revision) return;
  const watch = await kv.watch({ key: '\0', rangeEnd: '\0', startRevision: revision }, context);
  // Every revision changes some key. Where it was reached meanwhile, it is delivered at once, or compacted.
  const batch = await firstBatch(watch, clock, waitMs);
  if (batch === undefined || batch.type === 'cancelled') throw new PlatformError('revision_not_reached');
}

/** The next batch of a watch that tells something, or `undefined` after `waitMs`, or when it was closed; ends the watch. */
async function firstBatch(watch: Watch, clock: Clock, waitMs: number): Promise<WatchBatch | undefined> {
  const cancel = clock.setTimer(waitMs, () => watch.close());
  try {
    for await (const batch of watch) if (batch.type !== 'progress') return batch;
    return undefined;
  } finally {
    cancel();
    watch.close();
  }
}
