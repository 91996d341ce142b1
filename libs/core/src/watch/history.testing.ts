import { EventType, type KeyValue, type WatchEvent } from '@quorate/api';
import type { HistoryOptions, HistorySlice, RevisionEvents } from '../mvcc/store-options';
import type { HistorySource } from './history-source';

/** One change of one key, before it has a revision. */
export interface Change {
  readonly key: string;
  readonly deleted: boolean;
  /** Bytes that the version takes in a queue. */
  readonly bytes: number;
}

/** Shared by all versions of a size: only its length counts. */
const buffers = new Map<number, Buffer>();

function keyValue(key: string, modRevision: number, version: number, bytes: number): KeyValue {
  let encoded = buffers.get(bytes);
  if (!encoded) buffers.set(bytes, encoded = Buffer.alloc(bytes));
  return { key, createRevision: 0, modRevision, version, value: Buffer.alloc(0), lease: 0n, encoded };
}

/** The history of a store, as plainly as it can be written down, whose reads take as many turns as they are told to. */
export class PlainHistory implements HistorySource {
  currentRevision = 1;
  compactedRevision = -1;
  readonly revisions: RevisionEvents[] = [];
  reads = 0;
  /** Turns that a read takes, and revisions that it gives at most. */
  turnsPerRead = 1;
  revisionsPerRead = Infinity;
  private readonly live = new Map<string, KeyValue>();

  constructor(private readonly nextTurn: () => Promise<void>) {}

  /** Makes a revision; every key at most once. */
  write(changes: readonly Change[]): RevisionEvents {
    const revision = ++this.currentRevision;
    const events = changes.map(({ key, deleted, bytes }): WatchEvent => {
      const prevKv = this.live.get(key);
      const kv = keyValue(key, revision, deleted ? 0 : (prevKv?.version ?? 0) + 1, bytes);
      if (deleted) this.live.delete(key);
      else this.live.set(key, kv);
      return { type: deleted ? EventType.DELETE : EventType.PUT, kv, ...(prevKv ? { prevKv } : {}) };
    });
    const made = { revision, events };
    this.revisions.push(made);
    return made;
  }

  async history(fromRevision: number, _bytesMax: number, options: HistoryOptions = {}): Promise<HistorySlice | undefined> {
    this.reads++;
    const last = this.currentRevision;
    for (let turn = 0; turn < this.turnsPerRead; turn++) await this.nextTurn();
    if (fromRevision < this.compactedRevision) return undefined;
    const wanted = (event: WatchEvent): boolean => options.wanted?.(event.kv.key) ?? true;
    const found = this.revisions.filter(({ revision, events }) => revision >= fromRevision && revision <= last && events.some(wanted));
    const slice = found.slice(0, this.revisionsPerRead);
    const following = found[slice.length];
    return {
      revisions: slice.map(({ revision, events }) => ({ revision, events: events.filter(wanted).map((event) => (options.prevKv === false ? { type: event.type, kv: event.kv } : event)) })),
      nextRevision: following ? following.revision : Math.max(fromRevision, last + 1),
    };
  }
}
