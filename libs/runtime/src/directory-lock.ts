import path from 'node:path';
import { Database } from 'sqlite3';

/** The directory belongs to another process. */
export class DirectoryLockedError extends Error {
  override readonly name = 'DirectoryLockedError';

  constructor(readonly directory: string) {
    super(`cannot open data directory ${directory}: locked by another process`);
  }
}

/**
 * The sole right to a directory, for the life of this process: the operating system takes it back however the process ends, so nothing has
 * to be cleaned up and no process id is ever compared. Node itself offers no file locks; SQLite does: an exclusive transaction on an empty
 * database, which stays open and is never written, holds `fcntl` locks (`LockFileEx` on Windows), and it sees a second holder within the
 * same process too.
 */
export class DirectoryLock {
  static readonly fileName = 'lock';

  private constructor(private readonly database: Database) {}

  /** @throws DirectoryLockedError if the directory is taken */
  static async acquire(directory: string): Promise<DirectoryLock> {
    const database = await open(path.join(directory, DirectoryLock.fileName));
    try {
      await run(database, 'PRAGMA busy_timeout = 0');
      await run(database, 'PRAGMA journal_mode = MEMORY');
      await run(database, 'BEGIN EXCLUSIVE');
    } catch (error) {
      await close(database);
      throw (error as NodeJS.ErrnoException).code === 'SQLITE_BUSY' ? new DirectoryLockedError(directory) : error;
    }
    return new DirectoryLock(database);
  }

  release(): Promise<void> {
    return close(this.database);
  }
}

function open(file: string): Promise<Database> {
  return new Promise((resolve, reject) => {
    const database = new Database(file, (error) => (error ? reject(error) : resolve(database)));
  });
}

function run(database: Database, statement: string): Promise<void> {
  return new Promise((resolve, reject) => {
    database.exec(statement, (error) => (error ? reject(error) : resolve()));
  });
}

function close(database: Database): Promise<void> {
  return new Promise((resolve, reject) => {
    database.close((error) => (error ? reject(error) : resolve()));
  });
}
