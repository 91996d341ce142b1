import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type ByteString, type Clock, type KvApi, type List, PlatformError, WAIT_REVISION_SECONDS } from '@quorate/api';
import { type ReadOptions, type Snapshot, waitForChange, waitForRevision } from '@quorate/recipes';
import { CLOCK, KV_API } from '../member/tokens';
import { Answer } from './answer';
import { cursorOf, cursorText } from './cursor';
import { revisionOf } from './query-fields';
import type { ListQuery, LongPollQuery, PolledListQuery, ReadQuery } from './read-queries';

const WAIT_SECONDS_DEFAULT = 30;

interface KeyRange {
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
}

/** The one way in which all reads wait, page and choose their consistency. */
@Injectable()
export class Reader implements OnModuleDestroy {
  private readonly waits = new Set<AbortController>();

  constructor(@Inject(KV_API) private readonly kv: KvApi, @Inject(CLOCK) private readonly clock: Clock) {}

  /** Ends all waits: each is answered with what there is. */
  onModuleDestroy(): void {
    for (const wait of this.waits) wait.abort();
  }

  /** A read that answers with what there is. */
  async read<T extends { readonly revision: number }>(query: ReadQuery, signal: AbortSignal, read: (options: ReadOptions) => Promise<T>): Promise<T> {
    const options: ReadOptions = { serializable: query.consistency === 'serializable', context: { signal } };
    const wanted = revisionOf(query.waitRevision);
    if (wanted === undefined) return read(options);
    // A read may fail for what is not there yet, so the revision is waited for first where the state is behind it.
    if (wanted > 0) await waitForRevision(this.kv, this.clock, wanted, WAIT_REVISION_SECONDS * 1000, signal);
    return read(options);
  }

  /** A read that first waits for a change in a range, where `afterRevision` asks for it. */
  async poll<T extends { readonly revision: number }>(
    query: LongPollQuery, range: KeyRange, signal: AbortSignal, read: (options: ReadOptions) => Promise<T>,
  ): Promise<T> {
    const after = revisionOf(query.afterRevision);
    if (after === undefined && query.waitSeconds !== undefined) throw new PlatformError('field_required', 'waitSeconds needs afterRevision', 'afterRevision');
    if (after !== undefined) await this.wait(range, after, (query.waitSeconds ?? WAIT_SECONDS_DEFAULT) * 1000, signal);
    return this.read(query, signal, read);
  }

  /** A list, whole or by pages. @param nameOf unique, and rising along the items */
  async list<T>(
    query: PolledListQuery, range: KeyRange | undefined, signal: AbortSignal, nameOf: (item: T) => string, read: (options: ReadOptions) => Promise<Snapshot<T>>,
  ): Promise<Answer<List<T>>> {
    const cursor = query.cursor === undefined ? undefined : cursorOf(query.cursor);
    const readPage = (options: ReadOptions): Promise<Snapshot<T>> => read(cursor ? { ...options, revision: cursor.revision } : options);
    const snapshot = range ? await this.poll(query, range, signal, readPage) : await this.read(query, signal, readPage);
    return new Answer(snapshot.revision, pageOf(snapshot, query, cursor?.after, nameOf));
  }

  private async wait(range: KeyRange, afterRevision: number, waitMs: number, signal: AbortSignal): Promise<void> {
    const wait = new AbortController();
    const hangUp = (): void => wait.abort();
    signal.addEventListener('abort', hangUp, { once: true });
    this.waits.add(wait);
    try {
      await waitForChange(this.kv, this.clock, range, afterRevision, waitMs, wait.signal);
    } finally {
      this.waits.delete(wait);
      signal.removeEventListener('abort', hangUp);
    }
  }
}

function pageOf<T>({ revision, items, skipped }: Snapshot<T>, { q, limit }: ListQuery, after: string | undefined, nameOf: (item: T) => string): List<T> {
  const wanted = q === undefined && after === undefined
    ? items
    : items.filter((item) => (q === undefined || nameOf(item).includes(q)) && (after === undefined || nameOf(item) > after));
  const page = limit === undefined ? wanted : wanted.slice(0, limit);
  const last = page.at(-1);
  const more = last !== undefined && page.length < wanted.length;
  return {
    items: page, ...(more && { nextCursor: cursorText({ revision, after: nameOf(last) }) }), revision: String(revision), ...(skipped > 0 && { skipped }),
  };
}
