import { type BackendBatch, BackendFullError, type RevisionRow } from '@quorate/core';
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import sqlite3 from 'sqlite3';
import { RevisionEntity } from './entities';
import { SqliteBackend, type SqliteBackendOptions } from './sqlite-backend';
import { StoreError } from './store-error';

describe('SqliteBackend', () => {
  let directory: string;
  let backend: SqliteBackend | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'quorate-sqlite-'));
  });
  afterEach(async () => {
    await backend?.close();
    backend = undefined;
    await rm(directory, { recursive: true });
  });

  const start = async (options: Partial<SqliteBackendOptions> = {}) =>
    (backend = await SqliteBackend.open({ directory, ...options }));
  const file = () => path.join(directory, 'quorate.db');

  describe('opening', () => {
    it('says whether there is a store', async () => {
      expect(await SqliteBackend.exists(directory)).toBe(false);
      expect(await SqliteBackend.exists(path.join(directory, 'missing'))).toBe(false);
      await start();
      expect(await SqliteBackend.exists(directory)).toBe(true);
    });

    it('sets every pragma that safety hangs on', async () => {
      const store = await start({ readers: 3 });
      await store.sync();
      const pragmas = async (name: string) => (await sql<Record<string, unknown>>(file(), `PRAGMA ${name}`))[0]![name];
      expect(await pragmas('journal_mode')).toBe('wal');
      expect(await pragmas('application_id')).toBe(0x51525445);
      expect(await pragmas('auto_vacuum')).toBe(2);
      const writer = (store as unknown as { writer: SqliteBackend['reading'] }).writer;
      const ofWriter = async (name: string) => (await writer.query<Record<string, unknown>[]>(`PRAGMA ${name}`))[0]![name];
      expect(await ofWriter('synchronous')).toBe(1);
      expect(await ofWriter('wal_autocheckpoint')).toBe(0);
    });

    it('names the file when it is no database, and leaves it as it was', async () => {
      await writeFile(file(), 'something else'.repeat(100));
      await expect(start()).rejects.toThrow(new StoreError(file(), 'this is not a database of Quorate (wrong file header)'));
      expect((await stat(file())).size).toBe(1400);
      await writeFile(file(), 'short');
      await expect(start()).rejects.toThrow('wrong file header');
      expect(await readdir(directory)).toEqual(['quorate.db']);
    });

    it('refuses a database of another program', async () => {
      await sql(file(), 'CREATE TABLE meta (a)');
      await expect(start()).rejects.toThrow(`store ${file()}: this is a database of another program`);
    });

    it('refuses a newer format and says which it knows', async () => {
      await (await start()).close();
      await sql(file(), 'UPDATE meta SET format_version = 2');
      await expect(start()).rejects.toThrow(`store ${file()}: its format is 2, this program reads up to 1: use a newer one`);
    });

    it('names the file when it is damaged', async () => {
      const store = await start();
      await store.commit(batch(1, rows(2, 3000, 500)));
      await store.close();
      const handle = await open(file(), 'r+');
      for (let page = 1; page < 20; page++) await handle.write(Buffer.alloc(8192, 0xa5), 0, 8192, page * 8192);
      await handle.close();
      await expect(start().then((again) => again.scan({ main: 0, sub: 0 }, 5000, 1 << 24))).rejects.toThrow(
        `store ${file()}: the database is damaged`,
      );
    });

    it('belongs to one member of one cluster', async () => {
      const owner = { clusterId: 0xcafen, memberId: 0xffff_ffff_ffff_ffffn };
      await (await start()).close();
      await (await start({ owner })).close();
      await (await start({ owner })).close();
      await expect(start({ owner: { ...owner, clusterId: 1n } })).rejects.toThrow('it belongs to cluster cafe, not 1');
      await expect(start({ owner: { ...owner, memberId: 2n } })).rejects.toThrow('it belongs to member ffffffffffffffff, not 2');
    });

    it('reads a file of format 1, and goes on writing it', async () => {
      const golden = await readFile(path.join(__dirname, 'golden', 'store-format-1.db.gz'));
      await writeFile(file(), gunzipSync(golden));
      const store = await start({ owner: { clusterId: 0xabcn, memberId: 0xdefn } });
      expect(await store.load()).toEqual({
        appliedIndex: 7,
        appliedTerm: 3,
        state: [{ bucket: 'lease', key: '\0\xff', value: Buffer.from([0, 1, 255]) }, { bucket: 'meta', key: '', value: Buffer.alloc(0) }],
      });
      expect(await store.scan({ main: 0, sub: 0 }, 10, 1 << 20)).toEqual([
        { main: 3, sub: 0, tombstone: false, data: Buffer.from('second') },
        { main: 3, sub: 1, tombstone: true, data: Buffer.alloc(0) },
        { main: 4, sub: 0, tombstone: false, data: Buffer.from('x'.repeat(20_000)) },
      ]);
      await store.commit(batch(8, rows(5, 1, 10)));
      expect(await store.sync()).toBe(8);
    });

    it('removes what dead runs left behind', async () => {
      for (const name of ['copy-77-1.tmp', 'copy-77-1.tmp-journal', 'mine.txt']) await writeFile(path.join(directory, name), 'x');
      await start();
      expect((await readdir(directory)).filter((name) => !name.startsWith('quorate.db'))).toEqual(['mine.txt']);
    });
  });

  describe('limits', () => {
    it('stores nothing of a batch for which there is no room, and the same batch later', async () => {
      const store = await start({ fileBytesMax: 400_000 });
      await store.commit(batch(1, rows(2, 300, 500)));
      const large = { ...batch(2, rows(1000, 600, 500)), state: [{ bucket: 'b', key: 'k', value: Buffer.from('v') }] };
      for (let attempt = 0; attempt < 3; attempt++) await expect(store.commit(large)).rejects.toThrow(BackendFullError);
      expect(await store.load()).toEqual({ appliedIndex: 1, appliedTerm: 1, state: [] });
      expect((await store.scan({ main: 0, sub: 0 }, 5000, 1 << 24)).length).toBe(300);
      await store.close();
      const wider = await start({ fileBytesMax: 4_000_000 });
      await wider.commit(large);
      expect((await wider.load()).appliedIndex).toBe(2);
      expect((await wider.scan({ main: 0, sub: 0 }, 5000, 1 << 24)).length).toBe(900);
    });

    it('keeps serving what compaction freed when the file may not grow', async () => {
      const store = await start({ fileBytesMax: 400_000 });
      const first = rows(2, 500, 500);
      await store.commit(batch(1, first));
      const next = batch(3, rows(1000, 400, 500));
      await expect(store.commit(next)).rejects.toThrow(BackendFullError);
      await store.commit({ ...batch(2, []), compacted: first });
      await store.commit(next);
      expect(await store.sync()).toBe(3);
    });

    it('keeps the -wal below its limit however much is written', async () => {
      const walBytesMax = 2 << 20;
      const store = await start({ walBytesMax, checkpointBytes: 1 << 20 });
      for (let index = 1; index <= 60; index++) {
        await store.commit(batch(index, rows(index * 1000, 200, 500)));
        expect(store.statistics().walBytes).toBeLessThan(walBytesMax + (1 << 20));
      }
      expect((await stat(`${file()}-wal`)).size).toBeLessThan(walBytesMax + (1 << 20));
    });

    it('ends a read that holds the -wal at its limit, and goes on', async () => {
      const store = await start({ walBytesMax: 1 << 20, checkpointBytes: 1 << 18, busyMs: 50 });
      await store.commit(batch(1, rows(2, 200, 500)));
      const endless = store.query((source) => source.query(ENDLESS));
      const ended = expect(endless).rejects.toThrow('the read took too long and was ended');
      for (let index = 2; index <= 30; index++) await store.commit(batch(index, rows(index * 1000, 200, 500)));
      await ended;
      expect((await store.scan({ main: 0, sub: 0 }, 10_000, 1 << 24)).length).toBe(6000);
    });

    it('refuses writes for now while another process holds the -wal at its limit', async () => {
      const store = await start({ walBytesMax: 1 << 20, checkpointBytes: 1 << 18, busyMs: 20 });
      const stranger = await connect(file());
      await store.commit(batch(1, rows(2, 10, 500)));
      await all(stranger, 'BEGIN');
      await all(stranger, 'SELECT count(*) FROM revision');
      let index = 2;
      const fill = async () => {
        for (; index < 100; index++) await store.commit(batch(index, rows(index * 1000, 200, 500)));
      };
      await expect(fill()).rejects.toThrow(BackendFullError);
      await all(stranger, 'COMMIT');
      await store.commit(batch(index, rows(index * 1000, 200, 500)));
      await disconnect(stranger);
    });

    it('ends a read that takes longer than the longest read', async () => {
      const store = await start({ readMsMax: 30 });
      const endless = store.query((source) => source.query(ENDLESS));
      await expect(endless).rejects.toThrow('the read took too long and was ended');
      expect(store.statistics().longestReadMs).toBe(0);
      expect((await store.load()).appliedIndex).toBe(0);
    });

    it('reads on as many connections as it was given, and no more', async () => {
      const store = await start({ readers: 2 });
      let running = 0;
      let most = 0;
      const task = async () => {
        most = Math.max(most, ++running);
        await store.reading.query('SELECT 1');
        running--;
      };
      await Promise.all(Array.from({ length: 20 }, () => store.query(task)));
      expect(most).toBe(2);
    });
  });

  describe('reading', () => {
    it('answers repository queries and cannot write', async () => {
      const store = await start();
      await store.commit(batch(1, rows(2, 5, 10)));
      expect(await store.reading.getRepository(RevisionEntity).countBy({ main: 3 })).toBe(1);
      await expect(store.reading.getRepository(RevisionEntity).delete({ main: 3 })).rejects.toThrow('readonly');
      expect((await store.scan({ main: 0, sub: 0 }, 10, 1000)).length).toBe(5);
    });

    it('gives space back while reads and commits go on', async () => {
      const store = await start();
      const all = rows(2, 20_000, 500);
      await store.commit(batch(1, all));
      await store.commit({ ...batch(2, []), compacted: all.slice(0, 19_000) });
      const before = await store.size();
      const read = store.scan({ main: 0, sub: 0 }, 5000, 1 << 24);
      const defragmented = store.defragment();
      await store.commit(batch(3, rows(50_000, 10, 10)));
      await defragmented;
      expect((await read).length).toBeGreaterThanOrEqual(1000);
      expect((await store.size()).totalBytes).toBeLessThan(before.totalBytes / 5);
      expect((await stat(file())).size).toBe((await store.size()).totalBytes);
      expect((await store.scan({ main: 0, sub: 0 }, 5000, 1 << 24)).length).toBe(1010);
    });

    it('copies itself for another member, without leaving files behind', async () => {
      const store = await start({ owner: { clusterId: 5n, memberId: 6n } });
      await store.commit(batch(9, rows(2, 100, 500)));
      const snapshot = await store.snapshot();
      expect((await readdir(directory)).sort()).toEqual(['quorate.db', 'quorate.db-shm', 'quorate.db-wal']);
      const copy = path.join(directory, 'copy');
      const pieces: Buffer[] = [];
      for await (const piece of snapshot.chunks(10_000)) pieces.push(piece);
      await snapshot.close();
      await writeFile(copy, Buffer.concat(pieces));
      expect(await sql(copy, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
      expect(await sql(copy, 'SELECT applied_index, cluster_id, member_id FROM meta')).toEqual([
        { applied_index: 9, cluster_id: '5', member_id: null },
      ]);
    });
  });

  describe('failures', () => {
    it('stops for good after an error that is not for want of room', async () => {
      const store = await start();
      await store.commit(batch(1, rows(2, 5, 10)));
      await expect(store.commit(batch(2, rows(4, 1, 10)))).rejects.toThrow('UNIQUE constraint failed');
      await expect(store.commit(batch(3, rows(100, 1, 10)))).rejects.toThrow('UNIQUE constraint failed');
      await expect(store.sync()).rejects.toThrow(StoreError);
    });

    it('refuses everything once it is closed', async () => {
      const store = await start();
      const last = store.commit(batch(1, rows(2, 5, 10)));
      await store.close();
      await last;
      await expect(store.commit(batch(2, []))).rejects.toThrow('it is closed');
      await expect(store.load()).rejects.toThrow('it is closed');
      await store.close();
    });
  });
});

const ENDLESS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n, revision';

function rows(main: number, count: number, bytes: number): RevisionRow[] {
  return Array.from({ length: count }, (_, at) => ({ main: main + at, sub: 0, tombstone: false, data: Buffer.alloc(bytes, at) }));
}

function batch(appliedIndex: number, revisions: readonly RevisionRow[]): BackendBatch {
  return { appliedIndex, appliedTerm: 1, revisions, compacted: [], state: [] };
}

async function sql<T>(database: string, statement: string): Promise<T[]> {
  const connection = await connect(database);
  try {
    return await all<T>(connection, statement);
  } finally {
    await disconnect(connection);
  }
}

function connect(database: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const connection: sqlite3.Database = new sqlite3.Database(database, (error) => (error ? reject(error) : resolve(connection)));
  });
}

function all<T>(connection: sqlite3.Database, statement: string): Promise<T[]> {
  return new Promise((resolve, reject) => connection.all<T>(statement, (error, found) => (error ? reject(error) : resolve(found))));
}

function disconnect(connection: sqlite3.Database): Promise<void> {
  return new Promise((resolve, reject) => connection.close((error) => (error ? reject(error) : resolve())));
}
