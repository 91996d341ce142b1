import { type ByteString, type KvApi, type RangeResponse, type TxnResponse, type WatchBatch, type WatchEvent, type Watch } from '@quorate/api';

/** What the suite runs on. */
export interface ContractTarget {
  readonly kv: KvApi;
  /** Ends the client and the server, and removes what they wrote. */
  close(): Promise<void>;
}

/** Keys of one test, apart from those of all others: the store is one for the whole suite. */
export interface Scope {
  readonly kv: KvApi;
  key(name: string): ByteString;
  put(name: string, value?: string, lease?: bigint): Promise<number>;
  all(): Promise<RangeResponse>;
}

let scopes = 0;

export function scopeOf(kv: KvApi): Scope {
  const prefix = `contract/${scopes++}/`;
  const key = (name: string): ByteString => prefix + name;
  return {
    kv, key,
    put: async (name, value = name, lease = 0n) => (await kv.put({ key: key(name), value: Buffer.from(value), lease })).header.revision,
    all: () => kv.range({ key: prefix, rangeEnd: `${prefix.slice(0, -1)}0` }),
  };
}

/** `[key, value]` of every key-value, keys without the prefix of the scope. */
export function pairs(scope: Scope, { kvs }: Pick<RangeResponse, 'kvs'>): [string, string][] {
  return kvs.map(({ key, value }) => [key.slice(scope.key('').length), value.toString()]);
}

export function names(scope: Scope, response: Pick<RangeResponse, 'kvs'>): string[] {
  return pairs(scope, response).map(([name]) => name);
}

export function rangeOf(response: TxnResponse, at: number): RangeResponse {
  const op = response.responses[at];
  if (op?.type !== 'range') throw new Error(`response ${at} is no range`);
  return op.response;
}

type Batch<T extends WatchBatch['type']> = WatchBatch & { readonly type: T };

/** The next batch of a watch that is no bookmark; waits for it. */
export async function nextBatch(watch: Watch): Promise<WatchBatch> {
  for (;;) {
    const batch = watch.poll();
    if (batch && batch.type !== 'progress') return batch;
    if (!batch) await readable(watch);
  }
}

export async function nextEvents(watch: Watch): Promise<Batch<'events'>> {
  const batch = await nextBatch(watch);
  if (batch.type !== 'events') throw new Error(`expected events, got ${batch.type}`);
  return batch;
}

/** Batches until `revision` was delivered. */
export async function eventsUntil(watch: Watch, revision: number): Promise<Batch<'events'>[]> {
  const batches: Batch<'events'>[] = [];
  for (;;) {
    const batch = await nextEvents(watch);
    batches.push(batch);
    if (batch.revision >= revision) return batches;
  }
}

export function readable(watch: Watch): Promise<void> {
  return new Promise((resolve) => { watch.onReadable(resolve); });
}

/** `PUT name=value` or `DELETE name`, with the value before in brackets. */
export function told(scope: Scope, events: readonly WatchEvent[]): string[] {
  return events.map(({ type, kv, prevKv }) => {
    const name = kv.key.slice(scope.key('').length);
    const before = prevKv ? ` (${prevKv.value.toString()})` : '';
    return `${type === 0 ? `PUT ${name}=${kv.value.toString()}` : `DELETE ${name}`}${before}`;
  });
}

/** Every key that begins with the scope's prefix. */
export function everything(scope: Scope): { readonly key: ByteString; readonly rangeEnd: ByteString } {
  const prefix = scope.key('');
  return { key: prefix, rangeEnd: `${prefix.slice(0, -1)}0` };
}
