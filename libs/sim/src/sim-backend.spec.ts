import { type BackendBatch, BackendFullError, type RevisionRow } from '@quorate/core';
import { SimBackend } from './sim-backend';

const row = (main: number, sub = 0, text = 'data'): RevisionRow => ({ main, sub, tombstone: false, data: Buffer.from(text) });
const batch = (appliedIndex: number, more: Partial<BackendBatch> = {}): BackendBatch => ({ appliedIndex, appliedTerm: 1, revisions: [], compacted: [], state: [], ...more });

test('a held commit is seen only when it is released, in order', async () => {
  const backend = new SimBackend();
  backend.holdCommits();
  const first = backend.commit(batch(1, { revisions: [row(2)] }));
  const second = backend.commit(batch(2, { revisions: [row(3)], compacted: [{ main: 2, sub: 0 }, { main: 9, sub: 9 }] }));
  expect(await backend.read([{ main: 2, sub: 0 }])).toEqual([undefined]);
  expect(backend.releaseCommits(1)).toBe(1);
  await first;
  expect((await backend.scan({ main: 0, sub: 0 }, 10, 1000)).map(({ main }) => main)).toEqual([2]);
  expect(backend.waitingCommits).toBe(1);
  backend.resumeCommits();
  await second;
  expect((await backend.load()).appliedIndex).toBe(2);
  expect(backend.rows.map(({ main }) => main)).toEqual([3]);
  await backend.commit(batch(3));
});

test('a held read sees what is committed when it runs', async () => {
  const backend = new SimBackend();
  backend.holdReads();
  const read = backend.read([{ main: 2, sub: 0 }]);
  await backend.commit(batch(1, { revisions: [row(2)] }));
  expect(backend.waitingReads).toBe(1);
  backend.resumeReads();
  expect(await read).toEqual([row(2)]);
});

test('scans stop at rows and bytes, but give at least one row', async () => {
  const backend = new SimBackend();
  await backend.commit(batch(1, { revisions: [row(2), row(2, 1), row(4), row(5)] }));
  const ids = async (main: number, sub: number, rowsMax: number, bytesMax: number): Promise<string[]> => (await backend.scan({ main, sub }, rowsMax, bytesMax)).map((found) => `${found.main}/${found.sub}`);
  expect(await ids(0, 0, 3, 100)).toEqual(['2/0', '2/1', '4/0']);
  expect(await ids(2, 1, 9, 8)).toEqual(['2/1', '4/0']);
  expect(await ids(3, 0, 9, 1)).toEqual(['4/0']);
  expect(await ids(6, 0, 9, 100)).toEqual([]);
});

test('a crash loses what was not synced; a restart only what was not committed', async () => {
  const backend = new SimBackend();
  await backend.commit(batch(1, { revisions: [row(2)], state: [{ bucket: 'b', key: 'k', value: Buffer.from('1') }] }));
  expect(await backend.sync()).toBe(1);
  await backend.commit(batch(2, { revisions: [row(3)], state: [{ bucket: 'b', key: 'k', value: undefined }] }));
  backend.holdCommits();
  void backend.commit(batch(3, { revisions: [row(4)] }));
  const reopened = backend.reopen();
  expect(reopened.rows.map(({ main }) => main)).toEqual([2, 3]);
  expect(await reopened.load()).toEqual({ appliedIndex: 2, appliedTerm: 1, state: [] });
  const crashed = backend.crash();
  expect(await crashed.load()).toEqual({ appliedIndex: 1, appliedTerm: 1, state: [{ bucket: 'b', key: 'k', value: Buffer.from('1') }] });
  expect(() => backend.commit(batch(4))).toThrow('closed');
});

test('a full disk refuses the batch, which may be tried again', async () => {
  const backend = new SimBackend();
  backend.full = true;
  await expect(backend.commit(batch(1, { revisions: [row(2)] }))).rejects.toThrow(BackendFullError);
  backend.full = false;
  await backend.commit(batch(1, { revisions: [row(2)] }));
  expect(backend.rows).toHaveLength(1);
});

test('batches out of order are refused', async () => {
  const backend = new SimBackend();
  await backend.commit(batch(5, { revisions: [row(7)] }));
  await expect(backend.commit(batch(4))).rejects.toThrow('applied index');
  await expect(backend.commit(batch(6, { revisions: [row(7)] }))).rejects.toThrow('out of order');
});

test('bytes are copied on the way in and out', async () => {
  const backend = new SimBackend();
  const data = Buffer.from('data');
  await backend.commit(batch(1, { revisions: [{ ...row(2), data }] }));
  data.fill('x');
  const [found] = await backend.read([{ main: 2, sub: 0 }]);
  found?.data.fill('y');
  expect(await backend.read([{ main: 2, sub: 0 }])).toEqual([row(2)]);
});

test('a snapshot makes an equal store; what compaction freed stays on disk until defragmentation', async () => {
  const backend = new SimBackend();
  await backend.commit(batch(1, { revisions: [row(2, 0, '\xff\0'), row(3)], state: [{ bucket: 'b', key: '\xff', value: Buffer.from([0, 255]) }] }));
  await backend.commit(batch(2, { compacted: [{ main: 3, sub: 0 }] }));
  const { totalBytes, inUseBytes } = await backend.size();
  expect(totalBytes).toBeGreaterThan(inUseBytes);
  await backend.defragment();
  expect((await backend.size()).totalBytes).toBe(inUseBytes);
  const snapshot = await backend.snapshot();
  const chunks: Buffer[] = [];
  for await (const chunk of snapshot.chunks(7)) chunks.push(chunk);
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBe(7);
  const bytes = Buffer.concat(chunks);
  expect(bytes).toHaveLength(snapshot.totalBytes);
  const copy = SimBackend.ofSnapshot(bytes);
  expect(copy.rows).toEqual(backend.rows);
  expect(await copy.load()).toEqual(await backend.load());
});
