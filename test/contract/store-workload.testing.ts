import { type Backend, type BackendBatch, type RevisionRow, type StateRecord } from '@quorate/core';

/** Batches whose content follows from their index alone, so that whatever a crash leaves can be compared with a prefix. */
export function batchOf(index: number): BackendBatch {
  const revisions: RevisionRow[] = [];
  for (let sub = 0; sub <= index % 3; sub++) {
    revisions.push({ main: index + 1, sub, tombstone: sub === 2, data: Buffer.from(`${index}:${sub};`.repeat((index * 37) % 90)) });
  }
  const value = Buffer.from(String(index));
  const state: StateRecord[] = [{ bucket: 'n', key: 'last', value }, { bucket: 'n', key: `k${index % 7}`, value: index % 5 === 0 ? undefined : value }];
  const compacted = index > 5 ? [{ main: index - 4, sub: 0 }] : [];
  return { appliedIndex: index, appliedTerm: 1 + Math.floor(index / 50), revisions, compacted, state };
}

/** The index up to which the store holds exactly the first batches; throws when its content is that of no prefix. */
export async function prefixIn(backend: Backend): Promise<number> {
  const loaded = await backend.load();
  const rows = new Map<string, string>();
  for (let from = { main: 0, sub: 0 }; ; ) {
    const some = await backend.scan(from, 10_000, 1 << 26);
    for (const { main, sub, tombstone, data } of some) rows.set(`${main}.${sub}`, `${tombstone} ${data.latin1Slice()}`);
    const last = some.at(-1);
    if (last === undefined) break;
    from = { main: last.main, sub: last.sub + 1 };
  }
  const wanted = contentAfter(loaded.appliedIndex);
  const found = { term: loaded.appliedTerm, rows: sorted(rows), state: sorted(loaded.state.map(({ key, value }) => [key, value!.latin1Slice()])) };
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`the store says ${loaded.appliedIndex}, but does not hold exactly the batches up to it`);
  }
  return loaded.appliedIndex;
}

function contentAfter(index: number): { term: number; rows: [string, string][]; state: [string, string][] } {
  const rows = new Map<string, string>();
  const state = new Map<string, string>();
  for (let at = 1; at <= index; at++) {
    const batch = batchOf(at);
    for (const { main, sub, tombstone, data } of batch.revisions) rows.set(`${main}.${sub}`, `${tombstone} ${data.latin1Slice()}`);
    for (const { main, sub } of batch.compacted) rows.delete(`${main}.${sub}`);
    for (const { key, value } of batch.state) {
      if (value === undefined) state.delete(key);
      else state.set(key, value.latin1Slice());
    }
  }
  return { term: index === 0 ? 0 : batchOf(index).appliedTerm, rows: sorted(rows), state: sorted(state) };
}

function sorted(entries: Iterable<[string, string]>): [string, string][] {
  return [...entries].sort(([one], [other]) => (one < other ? -1 : 1));
}
