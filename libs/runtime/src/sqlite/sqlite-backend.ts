import {
  type Backend, type BackendBatch, BackendFullError, type BackendSnapshot, type BackendState, type RevisionId,
  type RevisionRow, type StateRecord,
} from '@quorate/core';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { type DataSource, type EntityManager } from 'typeorm';
import { openReader, openWriter } from './connection';
import { MetaEntity } from './entities';
import { newStore, prepareStore, type StoreOwner } from './open-store';
import { packedIds, type PackedStatement, RowPacker } from './packed-rows';
import { ReaderPool } from './reader-pool';
import { SerialQueue } from './serial-queue';
import { sqliteCode, StoreError, storeErrorOf } from './store-error';
import { checkHeader, hasContent, removeTemporaryFiles, STORE_FILE, temporaryFile } from './store-files';
import { StoreSnapshot } from './store-snapshot';

export interface SqliteBackendOptions {
  /** Holds the store's files and nothing else: `<data-dir>/member/store`. Created if missing. */
  readonly directory: string;
  /** Whose store it is: written into a store without owner, checked in one that has an owner. */
  readonly owner?: StoreOwner;
  /** The database file grows to this size at most; then commits fail with `BackendFullError`. Default: no limit. */
  readonly fileBytesMax?: number;
  /** Commits wait, and reads under way are ended, when the -wal has reached this size. Default 1 GiB. */
  readonly walBytesMax?: number;
  /** The -wal is copied into the database file whenever so much of it is new. Default 32 MiB. */
  readonly checkpointBytes?: number;
  /** Connections that read, and so threads of libuv's pool that reads may occupy. Default 2. */
  readonly readers?: number;
  /** The longest read transaction. Default 30 s. */
  readonly readMsMax?: number;
  /** The longest time that the copy behind a snapshot may take. Default 10 min. */
  readonly snapshotMsMax?: number;
  /** How long reads may go on when the -wal is at its limit, and how long to wait for another process. Default 5 s. */
  readonly busyMs?: number;
}

const DEFAULTS = {
  walBytesMax: 1 << 30,
  checkpointBytes: 32 << 20,
  readers: 2,
  readMsMax: 30_000,
  snapshotMsMax: 600_000,
  busyMs: 5000,
};

const WRITER_CACHE_BYTES = 32 << 20;
const READER_CACHE_BYTES = 8 << 20;
/** A page in the -wal has a header of its own. https://sqlite.org/fileformat2.html#the_write_ahead_log */
const WAL_FRAME_HEADER_BYTES = 24;
/** Freed in one transaction by `defragment`, so that commits get their turn in between. */
const DEFRAGMENT_PAGES = 2048;
const LOAD_ROWS = 20_000;

const UPDATE_META = 'UPDATE meta SET applied_index = ?1, applied_term = ?2';
/** A read that ends after `rowsMax` rows or with the row that fills `bytesMax`; lengths come from the rows' headers. */
const SCAN = `SELECT main, sub, tombstone, data FROM revision WHERE (main, sub) >= (?1, ?2) ORDER BY main, sub LIMIT (
  SELECT count(*) FROM (
    SELECT sum(bytes) OVER (ORDER BY main, sub ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM (
      SELECT main, sub, length(data) AS bytes FROM revision WHERE (main, sub) >= (?1, ?2) ORDER BY main, sub LIMIT ?3))
  WHERE before < ?4 OR before IS NULL)`;
const READ = `SELECT r.main, r.sub, r.tombstone, r.data FROM json_each(?1) AS asked
  CROSS JOIN revision AS r ON r.main = CAST(asked.key AS INTEGER) AND r.sub = asked.value`;
const LOAD = `SELECT bucket, key, value FROM state WHERE (bucket, key) > (?1, coalesce(?2, zeroblob(0)))
  ORDER BY bucket, key LIMIT ?3`;

interface SqlRevision {
  readonly main: number;
  readonly sub: number;
  readonly tombstone: number;
  readonly data: Buffer;
}

/**
 * The store of a member: one SQLite file behind a `DataSource` that writes, used by one queue, and others that read. A
 * commit is not synced (`synchronous = NORMAL`: the -wal may end earlier after a power loss, but never in the middle of a
 * commit); `sync` is a commit of its own with `synchronous = FULL`, which returns after an `fdatasync` of the -wal that
 * covers all commits before it. https://sqlite.org/pragma.html#pragma_synchronous
 */
export class SqliteBackend implements Backend {
  private readonly writes = new SerialQueue();
  private readonly packer = new RowPacker();
  private failure: Error | undefined;
  private closing = false;
  private frames = 0;
  private copied = 0;

  private constructor(
    readonly file: string,
    private readonly settings: Required<Omit<SqliteBackendOptions, 'owner' | 'fileBytesMax'>>,
    private readonly writer: DataSource,
    private readonly readers: ReaderPool,
    private readonly pageBytes: number,
    private appliedIndex: number,
  ) {}

  /** Whether the directory holds a store. A member whose WAL says so, but whose store is gone, must not start. */
  static exists(directory: string): Promise<boolean> {
    return hasContent(path.join(directory, STORE_FILE));
  }

  /**
   * Opens the store of a directory that this process owns, and creates it if there is none.
   * @throws StoreError if the file is not ours, damaged, of a newer format or another member's
   */
  static async open(options: SqliteBackendOptions): Promise<SqliteBackend> {
    const settings = { ...DEFAULTS, ...withoutUndefined(options) };
    const file = path.join(options.directory, STORE_FILE);
    await mkdir(options.directory, { recursive: true });
    await removeTemporaryFiles(options.directory);
    const opened: DataSource[] = [];
    try {
      if (await hasContent(file)) await checkHeader(file);
      else await newStore(file);
      const connection = { file, busyMs: settings.busyMs };
      const writer = await openWriter({ ...connection, cacheBytes: WRITER_CACHE_BYTES });
      opened.push(writer);
      const pageBytes = await prepareStore(file, writer, options);
      for (let reader = 0; reader < settings.readers; reader++) {
        opened.push(await openReader({ ...connection, cacheBytes: READER_CACHE_BYTES }));
      }
      const { appliedIndex } = await writer.getRepository(MetaEntity).findOneByOrFail({ id: 1 });
      const pool = new ReaderPool(opened.slice(1), settings.readMsMax);
      return new SqliteBackend(file, settings, writer, pool, pageBytes, appliedIndex);
    } catch (error) {
      for (const source of opened.reverse()) await source.destroy();
      throw storeErrorOf(file, error);
    }
  }

  /** For repository queries on the entities; it cannot write. Prefer `query`, which keeps them within the pool's bounds. */
  get reading(): DataSource {
    return this.readers.sources[0]!;
  }

  /** Runs queries on a reading connection that nobody else uses meanwhile, for at most the longest read time. */
  query<T>(task: (source: DataSource) => Promise<T>): Promise<T> {
    return this.guarded(() => this.readers.run(task));
  }

  /** What the limits are held against: bytes in use in the -wal, and the age of the oldest read under way. */
  statistics(): { walBytes: number; longestReadMs: number } {
    return { walBytes: this.walBytes(), longestReadMs: this.readers.longestReadMs() };
  }

  /** Takes as long as it takes: nothing else happens in a member that is starting. */
  load(): Promise<BackendState> {
    return this.guarded(() => this.readers.run((source) => source.transaction(loadState), Infinity));
  }

  commit(batch: BackendBatch): Promise<void> {
    return this.write(async () => {
      if (batch.appliedIndex < this.appliedIndex) {
        throw new RangeError(`batch up to index ${batch.appliedIndex} after one up to ${this.appliedIndex}`);
      }
      if (this.walBytes() >= this.settings.walBytesMax) await this.restartWal();
      await this.transaction([
        this.packer.insertRevisions(batch.revisions),
        this.packer.deleteRevisions(batch.compacted),
        this.packer.changeState(batch.state),
        [{ sql: UPDATE_META, parameters: [batch.appliedIndex, batch.appliedTerm] }],
      ]);
      this.appliedIndex = batch.appliedIndex;
    }, true);
  }

  sync(): Promise<number> {
    return this.write(async () => {
      await this.writer.query('PRAGMA synchronous = FULL');
      try {
        await this.transaction([[{ sql: 'UPDATE meta SET sync_count = sync_count + 1', parameters: [] }]]);
      } finally {
        await this.writer.query('PRAGMA synchronous = NORMAL');
      }
      return this.appliedIndex;
    }, true);
  }

  read(ids: readonly RevisionId[]): Promise<(RevisionRow | undefined)[]> {
    return this.query(async (source) => {
      const rows = await source.query<SqlRevision[]>(READ, [packedIds(ids)]);
      const found = new Map<string, RevisionRow>();
      for (const row of rows) found.set(`${row.main} ${row.sub}`, revisionRow(row));
      return ids.map(({ main, sub }) => found.get(`${main} ${sub}`));
    });
  }

  scan(from: RevisionId, rowsMax: number, bytesMax: number): Promise<RevisionRow[]> {
    return this.query(async (source) => {
      const rows = await source.query<SqlRevision[]>(SCAN, [from.main, from.sub, rowsMax, bytesMax]);
      return rows.map(revisionRow);
    });
  }

  size(): Promise<{ totalBytes: number; inUseBytes: number }> {
    return this.query(async (source) => {
      const [pages] = await source.query<[{ page_count: number; freelist_count: number }]>(
        'SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count',
      );
      const totalBytes = pages.page_count * this.pageBytes;
      return { totalBytes, inUseBytes: totalBytes - pages.freelist_count * this.pageBytes };
    });
  }

  /** Moves the last pages of the file into free ones, a few megabytes at a time; commits and reads go on in between. */
  async defragment(): Promise<void> {
    const free = await this.write(() => this.pragma('freelist_count'), false);
    for (let done = 0; done < free; done += DEFRAGMENT_PAGES) {
      await this.write(() => this.writer.query(`PRAGMA incremental_vacuum(${DEFRAGMENT_PAGES})`), true);
    }
    await this.write(() => this.restartWal(), false);
  }

  /** The copy is made by one read transaction in a file beside the store; it is interrupted when it takes too long. */
  snapshot(): Promise<BackendSnapshot> {
    return this.guarded(async () => {
      const copy = temporaryFile(path.dirname(this.file));
      const source = await openReader({ file: this.file, busyMs: this.settings.busyMs, cacheBytes: READER_CACHE_BYTES });
      try {
        await this.readers.runBeside(source, this.settings.snapshotMsMax, () => source.query('VACUUM INTO ?1', [copy]));
        return await StoreSnapshot.take(copy);
      } catch (error) {
        await rm(copy, { force: true });
        throw error;
      } finally {
        await source.destroy();
      }
    });
  }

  /** Waits for the writes that were handed in, ends the reads, and closes the file. */
  async close(): Promise<void> {
    if (this.closing) return this.writes.idle();
    this.closing = true;
    await this.writes.run(async () => {
      await this.readers.close();
      await this.writer.destroy();
    });
  }

  /** A task of the write queue. A failure other than for want of room is final: nothing is written after it. */
  private write<T>(task: () => Promise<T>, growsWal: boolean): Promise<T> {
    if (this.closing) return Promise.reject(new StoreError(this.file, 'it is closed'));
    return this.writes.run(async () => {
      if (this.failure !== undefined) throw this.failure;
      try {
        const result = await task();
        if (growsWal) void this.writes.run(() => this.afterWrite());
        return result;
      } catch (error) {
        throw this.fail(error);
      }
    });
  }

  private fail(error: unknown): Error {
    if (error instanceof RangeError) return error;
    const seen = storeErrorOf(this.file, error);
    if (!(seen instanceof BackendFullError)) this.failure ??= seen;
    return seen;
  }

  /** All statements or none. TypeORM's own bookkeeping of transactions is left out: it loses count when a COMMIT fails. */
  private async transaction(parts: Iterable<PackedStatement>[]): Promise<void> {
    await this.writer.query('BEGIN IMMEDIATE');
    try {
      for (const part of parts) for (const { sql, parameters } of part) await this.writer.query(sql, parameters);
      await this.writer.query('COMMIT');
    } catch (error) {
      await this.rollBack();
      throw error;
    }
  }

  /** After some errors SQLite has rolled back by itself; then there is nothing left to roll back. */
  private async rollBack(): Promise<void> {
    try {
      await this.writer.query('ROLLBACK');
    } catch (error) {
      if (sqliteCode(error) !== 'SQLITE_ERROR') throw error;
    }
  }

  /** Behind a write and in nobody's way: learns how long the -wal is, and copies it into the database when it is time. */
  private async afterWrite(): Promise<void> {
    if (this.failure !== undefined) return;
    try {
      await this.checkpoint('NOOP');
      if ((this.frames - this.copied) * this.pageBytes >= this.settings.checkpointBytes) await this.checkpoint('PASSIVE');
    } catch (error) {
      this.fail(error);
    }
  }

  /** Empties the -wal, for which nobody may be reading. */
  private async restartWal(): Promise<void> {
    const busy = await this.readers.drained(this.settings.busyMs, () => this.checkpoint('TRUNCATE'));
    if (busy && this.walBytes() >= this.settings.walBytesMax) {
      throw new BackendFullError(`store ${this.file}: the -wal is at its limit and another process is reading the store`);
    }
  }

  /** https://sqlite.org/pragma.html#pragma_wal_checkpoint; true if something stood in the way of a whole one. */
  private async checkpoint(mode: 'NOOP' | 'PASSIVE' | 'TRUNCATE'): Promise<boolean> {
    const [result] = await this.writer.query<[{ busy: number; log: number; checkpointed: number }]>(
      `PRAGMA wal_checkpoint(${mode})`,
    );
    this.frames = result.log;
    this.copied = result.checkpointed;
    return result.busy !== 0;
  }

  private walBytes(): number {
    return this.frames * (this.pageBytes + WAL_FRAME_HEADER_BYTES);
  }

  private async pragma(name: string): Promise<number> {
    const [row] = await this.writer.query<[Record<string, number>]>(`PRAGMA ${name}`);
    return row[name]!;
  }

  private async guarded<T>(task: () => Promise<T>): Promise<T> {
    if (this.closing) throw new StoreError(this.file, 'it is closed');
    try {
      return await task();
    } catch (error) {
      throw sqliteCode(error) === undefined ? error : storeErrorOf(this.file, error);
    }
  }
}

async function loadState(manager: EntityManager): Promise<BackendState> {
  const { appliedIndex, appliedTerm } = await manager.findOneByOrFail(MetaEntity, { id: 1 });
  const state: StateRecord[] = [];
  let last: [bucket: string, key: Buffer] | undefined = ['', Buffer.alloc(0)];
  while (last !== undefined) {
    const rows: { bucket: string; key: Buffer; value: Buffer }[] = await manager.query(LOAD, [...last, LOAD_ROWS]);
    for (const { bucket, key, value } of rows) state.push({ bucket, key: key.latin1Slice(), value });
    const end = rows.length < LOAD_ROWS ? undefined : rows[rows.length - 1];
    last = end && [end.bucket, end.key];
  }
  return { appliedIndex, appliedTerm, state };
}

function revisionRow({ main, sub, tombstone, data }: SqlRevision): RevisionRow {
  return { main, sub, tombstone: tombstone !== 0, data };
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
