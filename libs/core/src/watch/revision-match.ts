import type { WatchBatch, WatchEvent } from '@quorate/api';
import type { RangeSet } from './range-set';
import { queuedBytesOf, type Watcher } from './watcher';

export type EventBatch = WatchBatch & { type: 'events' };

/** What one kind of watcher gets of some events. */
interface Packed {
  readonly batch: EventBatch;
  readonly bytes: number;
}

/**
 * The events of one revision, chosen for the ranges that cover their keys. All watchers of a range share the lists, one
 * for each combination of filters and `prevKv`; so a revision costs by ranges and events, and a watcher only its queue's
 * slot. Ranges are collected first and watchers given to afterwards: a listener may open or close watches, which changes
 * the tree that is walked here.
 */
export class RevisionMatch {
  private readonly chosen = new Map<ReadonlySet<Watcher>, Choice>();
  private first: Choice | undefined;

  /** @param single the revision has one event, so that all ranges share what they get of it */
  constructor(private readonly revision: number, private readonly single: boolean) {}

  add(event: WatchEvent, ranges: RangeSet<Watcher>): void {
    ranges.forEachCovering(event.kv.key, (members) => {
      const choice = this.chosen.get(members);
      if (choice) choice.events.push(event);
      else if (this.single) this.chosen.set(members, this.first ??= new Choice(this.revision, [event]));
      else this.chosen.set(members, new Choice(this.revision, [event]));
    });
  }

  /** Gives those that are due what they want of it, if they want anything. */
  deliver(due: (watcher: Watcher) => boolean, give: (watcher: Watcher, batch: EventBatch, bytes: number) => void): void {
    for (const [members, choice] of this.chosen) {
      for (const watcher of members) {
        const packed = due(watcher) ? choice.packedFor(watcher) : undefined;
        if (packed) give(watcher, packed.batch, packed.bytes);
      }
    }
  }
}

/** Events of one revision, and what each kind of watcher gets of them, made when the first one comes. */
class Choice {
  /** `null`: nothing. By `Watcher.kind`. */
  private readonly packed: (Packed | null | undefined)[] = [];

  constructor(private readonly revision: number, readonly events: WatchEvent[]) {}

  packedFor(watcher: Watcher): Packed | undefined {
    let packed = this.packed[watcher.kind];
    if (packed === undefined) {
      packed = this.pack(watcher);
      this.packed[watcher.kind] = packed;
    }
    return packed ?? undefined;
  }

  private pack(watcher: Watcher): Packed | null {
    const events: WatchEvent[] = [];
    for (const event of this.events) if (watcher.wants(event)) events.push(watcher.wantsPrevKv ? event : withoutPrevKv(event));
    if (events.length === 0) return null;
    return { batch: { type: 'events', revision: this.revision, events }, bytes: queuedBytesOf(events) };
  }
}

function withoutPrevKv(event: WatchEvent): WatchEvent {
  return event.prevKv ? { type: event.type, kv: event.kv } : event;
}
