import sqlite3 from 'sqlite3';
import { DataSource, type Logger } from 'typeorm';
import { CreateStore1763000000000 } from './create-store.migration';
import { MetaEntity, RevisionEntity, StateEntity } from './entities';
import { APPLICATION_ID } from './store-files';

const PAGE_BYTES = 8192;

/** TypeORM asks every driver for stack traces of every call; they cost more than the calls. */
const driver = { ...sqlite3, verbose: () => driver };

/** Errors reach the caller; TypeORM would also print some of them, whatever its `logging` says. */
const silent: Logger = {
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};

export interface ConnectionOptions {
  readonly file: string;
  /** How long a statement waits for another process (or our own checkpoint) to give way. */
  readonly busyMs: number;
  readonly cacheBytes: number;
}

/** Makes a whole, synced, empty store under a name that nobody looks at yet, and closes it. */
export async function createStore(file: string): Promise<void> {
  const source = dataSource(file, sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE);
  await source.initialize();
  try {
    serialize(source);
    await source.query('PRAGMA synchronous = FULL');
    await source.query('PRAGMA fullfsync = ON');
    // The first two hold only while the file is empty.
    await source.query(`PRAGMA page_size = ${PAGE_BYTES}`);
    await source.query('PRAGMA auto_vacuum = INCREMENTAL');
    await source.query(`PRAGMA application_id = ${APPLICATION_ID}`);
    await source.runMigrations();
    await useWal(source);
  } finally {
    await source.destroy();
  }
}

/**
 * The connection that writes. Its `DataSource` shares one connection among all callers and turns transactions that overlap
 * into savepoints of one another, so nothing but the write queue may use it.
 */
export async function openWriter(options: ConnectionOptions): Promise<DataSource> {
  const source = dataSource(options.file, sqlite3.OPEN_READWRITE);
  await source.initialize();
  try {
    serialize(source);
    await useWal(source);
    await source.query('PRAGMA synchronous = NORMAL');
    await source.query('PRAGMA fullfsync = ON');
    await source.query('PRAGMA checkpoint_fullfsync = ON');
    await source.query('PRAGMA wal_autocheckpoint = 0');
    await tune(source, options);
    return source;
  } catch (error) {
    await source.destroy();
    throw error;
  }
}

/** A connection that cannot write. It occupies at most one thread of libuv's pool. */
export async function openReader(options: ConnectionOptions): Promise<DataSource> {
  const source = dataSource(options.file, sqlite3.OPEN_READONLY);
  await source.initialize();
  try {
    serialize(source);
    await tune(source, options);
    return source;
  } catch (error) {
    await source.destroy();
    throw error;
  }
}

/** A copy that no one else uses and that need not survive a crash. */
export async function openCopy(file: string): Promise<DataSource> {
  const source = dataSource(file, sqlite3.OPEN_READWRITE);
  await source.initialize();
  await source.query('PRAGMA synchronous = OFF');
  await source.query('PRAGMA journal_mode = MEMORY');
  return source;
}

/** Ends the statement that runs on the connection, if one does: it fails with `SQLITE_INTERRUPT`. */
export function interrupt(source: DataSource): void {
  if (source.isInitialized) handle(source).interrupt();
}

function dataSource(file: string, flags: number): DataSource {
  return new DataSource({
    type: 'sqlite',
    database: file,
    driver,
    flags,
    entities: [RevisionEntity, StateEntity, MetaEntity],
    migrations: [CreateStore1763000000000],
    migrationsTransactionMode: 'all',
    synchronize: false,
    logger: silent,
  });
}

/** Statements wait in the connection's own queue; by default each would wait in a thread of the pool. */
function serialize(source: DataSource): void {
  handle(source).serialize();
}

async function useWal(source: DataSource): Promise<void> {
  const [{ journal_mode: mode }] = await source.query<[{ journal_mode: string }]>('PRAGMA journal_mode = WAL');
  if (mode !== 'wal') throw new Error(`the file system does not support SQLite's WAL mode (journal_mode is ${mode})`);
}

async function tune(source: DataSource, { busyMs, cacheBytes }: ConnectionOptions): Promise<void> {
  await source.query(`PRAGMA busy_timeout = ${busyMs}`);
  await source.query(`PRAGMA cache_size = ${-Math.ceil(cacheBytes / 1024)}`);
  await source.query('PRAGMA temp_store = MEMORY');
}

function handle(source: DataSource): sqlite3.Database {
  return (source.driver as unknown as { databaseConnection: sqlite3.Database }).databaseConnection;
}
