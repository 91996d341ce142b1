import { type Backend, type BackendBatch, type RevisionId, type RevisionRow, type StateRecord } from '@quorate/core';

/** How the contract gets at one kind of store. */
export interface BackendHarness {
  /** A store as its last run left it; the first call of a test finds none. */
  open(): Promise<Backend>;
  /** Opens a store from the bytes of a snapshot; undefined where a snapshot is no file. */
  restore?(bytes: Buffer): Promise<Backend>;
  clean(): Promise<void>;
}

type Changes = Partial<Pick<BackendBatch, 'revisions' | 'compacted' | 'state'>>;

/** What every `Backend` must do, written once and run on each of them. */
export function backendContract(name: string, harnessOf: () => Promise<BackendHarness>): void {
  describe(`${name} keeps the contract of Backend`, () => {
    let harness: BackendHarness;
    let backend: Backend;

    beforeEach(async () => {
      harness = await harnessOf();
      backend = await harness.open();
    });
    afterEach(async () => {
      await backend.close();
      await harness.clean();
    });

    const reopen = async () => {
      await backend.close();
      backend = await harness.open();
    };

    it('starts at index 0 with nothing in it', async () => {
      expect(await backend.load()).toEqual({ appliedIndex: 0, appliedTerm: 0, state: [] });
      expect(await scanAll(backend)).toEqual([]);
      expect(await backend.read([{ main: 1, sub: 0 }])).toEqual([undefined]);
    });

    it('keeps revisions, state, index and term over a restart', async () => {
      await backend.commit(batch(7, { revisions: [row(2, 0, 'a'), row(2, 1, 'b'), row(3, 0, '', true)], state: [record('lease', '\0\xff', 'ten')] }, 4));
      await reopen();
      expect(await backend.load()).toEqual({ appliedIndex: 7, appliedTerm: 4, state: [record('lease', '\0\xff', 'ten')] });
      expect(await scanAll(backend)).toEqual([row(2, 0, 'a'), row(2, 1, 'b'), row(3, 0, '', true)]);
    });

    it('replaces and deletes state records by bucket and key', async () => {
      await backend.commit(batch(1, { state: [record('a', 'x', '1'), record('a', 'y', '2'), record('b', 'x', '3'), record('b', '', 'empty key'), record('c', 'z', '')] }));
      await backend.commit(batch(2, { state: [record('a', 'x', 'one'), gone('a', 'y'), gone('b', 'nothing there'), gone('b', '')] }));
      const { state } = await backend.load();
      expect(sortState(state)).toEqual([record('a', 'x', 'one'), record('b', 'x', '3'), record('c', 'z', '')]);
    });

    it('forgets compacted versions, also those of the same batch and those it never had', async () => {
      await backend.commit(batch(1, { revisions: [row(2, 0, 'a'), row(3, 0, 'b'), row(3, 1, 'c'), row(4, 0, 'd')] }));
      await backend.commit(batch(2, { revisions: [row(5, 0, 'e'), row(6, 0, 'f')], compacted: [id(3, 1), id(2, 0), id(5, 0), id(100, 3)] }));
      expect(await scanAll(backend)).toEqual([row(3, 0, 'b'), row(4, 0, 'd'), row(6, 0, 'f')]);
    });

    it('accepts a batch at the index it has, and an empty one', async () => {
      await backend.commit(batch(5, { state: [record('a', 'x', '1')] }));
      await backend.commit(batch(5, { state: [record('a', 'x', '2')] }));
      await backend.commit(batch(6, {}, 2));
      expect(await backend.load()).toEqual({ appliedIndex: 6, appliedTerm: 2, state: [record('a', 'x', '2')] });
    });

    it('reads exactly the versions asked for, in the order asked', async () => {
      await backend.commit(batch(1, { revisions: [row(2, 0, 'a'), row(2, 1, 'b'), row(9, 0, 'c')] }));
      const rows = await backend.read([id(9, 0), id(2, 2), id(2, 1), id(2, 0), id(9, 0)]);
      expect(rows).toEqual([row(9, 0, 'c'), undefined, row(2, 1, 'b'), row(2, 0, 'a'), row(9, 0, 'c')]);
      expect(await backend.read([])).toEqual([]);
    });

    it('scans from a version on, bounded in rows and in bytes', async () => {
      const rows = [row(2, 0, 'aaaa'), row(2, 1, 'bbbb'), row(3, 0, 'cccc'), row(4, 0, 'dddd'), row(4, 1, 'eeee')];
      await backend.commit(batch(1, { revisions: rows }));
      expect(await backend.scan(id(2, 1), 100, 1000)).toEqual(rows.slice(1));
      expect(await backend.scan(id(3, 1), 100, 1000)).toEqual(rows.slice(3));
      expect(await backend.scan(id(0, 0), 2, 1000)).toEqual(rows.slice(0, 2));
      expect(await backend.scan(id(0, 0), 100, 1)).toEqual(rows.slice(0, 1));
      expect(await backend.scan(id(5, 0), 100, 1000)).toEqual([]);
      const some = await backend.scan(id(0, 0), 100, 8);
      expect(some.length).toBeGreaterThan(0);
      expect(some.length).toBeLessThan(rows.length);
      expect(some).toEqual(rows.slice(0, some.length));
    });

    it('holds many rows, large ones and many keys of one transaction', async () => {
      const rows: RevisionRow[] = [];
      for (let main = 2; main < 6002; main++) rows.push(row(main, 0, `value ${main}`));
      for (let sub = 0; sub < 9000; sub++) rows.push(row(7000, sub, `sub ${sub}`, sub % 2 === 1));
      rows.push({ ...id(7001, 0), tombstone: false, data: Buffer.alloc(6 << 20, 'x') });
      rows.push(row(2 ** 40, 3, 'far away'), row(2 ** 52, 0, 'farther'));
      const state = Array.from({ length: 5000 }, (_, at) => record('lease', `key ${at}`.padStart(12), `value ${at}`));
      state.push({ bucket: 'big', key: 'k', value: Buffer.alloc(5 << 20, 'y') });
      await backend.commit(batch(1, { revisions: rows, state }));
      await reopen();
      const scanned = await scanAll(backend);
      expect(scanned.length).toBe(rows.length);
      expect(scanned.every((found, at) => sameRow(found, rows[at]!))).toBe(true);
      const loaded = sortState((await backend.load()).state);
      const wanted = sortState(state);
      expect(loaded.length).toBe(wanted.length);
      expect(loaded.every((found, at) => found.key === wanted[at]!.key && found.value!.equals(wanted[at]!.value!))).toBe(true);
      await backend.commit(batch(2, { compacted: rows.filter((_, at) => at % 2 === 0).map(({ main, sub }) => id(main, sub)) }));
      expect((await scanAll(backend)).length).toBe(Math.floor(rows.length / 2));
    });

    it('refuses a batch from before the index it has', async () => {
      await backend.commit(batch(5, {}));
      await expect(backend.commit(batch(4, { revisions: [row(2, 0, 'late')] }))).rejects.toThrow();
    });

    it('says after a sync how far it is durable', async () => {
      expect(await backend.sync()).toBe(0);
      await backend.commit(batch(3, {}));
      const later = backend.commit(batch(9, { revisions: [row(2, 0, 'a')] }));
      expect(await backend.sync()).toBeGreaterThanOrEqual(3);
      await later;
      expect(await backend.sync()).toBe(9);
      expect(await backend.sync()).toBe(9);
    });

    it('gives unused space back without losing anything', async () => {
      const rows = Array.from({ length: 2000 }, (_, at) => row(at + 2, 0, 'x'.repeat(500)));
      await backend.commit(batch(1, { revisions: rows, state: [record('a', 'b', 'c')] }));
      await backend.commit(batch(2, { compacted: rows.slice(0, 1900).map(({ main, sub }) => id(main, sub)) }));
      await backend.defragment();
      const { totalBytes, inUseBytes } = await backend.size();
      expect(inUseBytes).toBeGreaterThanOrEqual(100 * 500);
      expect(totalBytes).toBeGreaterThanOrEqual(inUseBytes);
      expect(totalBytes).toBeLessThan(2 * inUseBytes);
      expect(await scanAll(backend)).toEqual(rows.slice(1900));
      expect(await backend.load()).toEqual({ appliedIndex: 2, appliedTerm: 1, state: [record('a', 'b', 'c')] });
    });

    it('makes a copy of one committed state, while writing goes on', async () => {
      await backend.commit(batch(4, { revisions: [row(2, 0, 'before')], state: [record('a', 'b', 'c')] }, 3));
      const snapshot = await backend.snapshot();
      await backend.commit(batch(5, { revisions: [row(3, 0, 'after')] }));
      expect([snapshot.appliedIndex, snapshot.appliedTerm]).toEqual([4, 3]);
      const chunks: Buffer[] = [];
      for await (const chunk of snapshot.chunks(1000)) {
        expect(chunk.length).toBeLessThanOrEqual(1000);
        chunks.push(chunk);
      }
      await snapshot.close();
      const bytes = Buffer.concat(chunks);
      expect(bytes.length).toBe(snapshot.totalBytes);
      if (harness.restore === undefined) return;
      const copy = await harness.restore(bytes);
      expect(await copy.load()).toEqual({ appliedIndex: 4, appliedTerm: 3, state: [record('a', 'b', 'c')] });
      expect(await scanAll(copy)).toEqual([row(2, 0, 'before')]);
      await copy.commit(batch(5, { revisions: [row(3, 0, 'on its own')] }));
      await copy.close();
    });

    it('answers reads while commits are under way', async () => {
      const commits: Promise<void>[] = [];
      const reads: Promise<RevisionRow[]>[] = [];
      for (let index = 1; index <= 30; index++) {
        commits.push(backend.commit(batch(index, { revisions: [row(index + 1, 0, 'a'), row(index + 1, 1, 'b')] })));
        reads.push(backend.scan(id(0, 0), 1000, 1 << 20));
      }
      await Promise.all(commits);
      // Both rows of a batch or none: every read is on one committed state.
      for (const rows of await Promise.all(reads)) expect(rows.length % 2).toBe(0);
      expect((await scanAll(backend)).length).toBe(60);
    });
  });
}

export function id(main: number, sub: number): RevisionId {
  return { main, sub };
}

export function row(main: number, sub: number, text: string, tombstone = false): RevisionRow {
  return { main, sub, tombstone, data: Buffer.from(text) };
}

export function record(bucket: string, key: string, text: string): StateRecord {
  return { bucket, key, value: Buffer.from(text) };
}

export function gone(bucket: string, key: string): StateRecord {
  return { bucket, key, value: undefined };
}

export function batch(appliedIndex: number, changes: Changes, appliedTerm = 1): BackendBatch {
  return { appliedIndex, appliedTerm, revisions: [], compacted: [], state: [], ...changes };
}

async function scanAll(backend: Backend): Promise<RevisionRow[]> {
  const all: RevisionRow[] = [];
  for (let from = id(0, 0); ; ) {
    const rows = await backend.scan(from, 1000, 1 << 20);
    all.push(...rows);
    const last = rows.at(-1);
    if (last === undefined) return all;
    from = id(last.main, last.sub + 1);
  }
}

function sortState(state: readonly StateRecord[]): StateRecord[] {
  const name = ({ bucket, key }: StateRecord) => `${bucket}\0${key}`;
  return [...state].sort((one, other) => (name(one) < name(other) ? -1 : 1));
}

function sameRow(one: RevisionRow, other: RevisionRow): boolean {
  return one.main === other.main && one.sub === other.sub && one.tombstone === other.tombstone && one.data.equals(other.data);
}
