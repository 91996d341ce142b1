import { BackendFullError, BackendInterruptedError } from '@quorate/core';

/** The database file cannot be used: not ours, of a newer format, damaged, or the system failed under it. Final. */
export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    readonly file: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`store ${file}: ${reason}`, options);
  }
}

/** The `code` of an error of the system or a driver, whichever realm made it; undefined if it has none. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** SQLite's primary result code of an error from the driver or TypeORM, such as `SQLITE_FULL`; undefined for any other error. */
export function sqliteCode(error: unknown): string | undefined {
  const code = codeOf(error);
  return code?.startsWith('SQLITE_') === true ? code : undefined;
}

/**
 * What the callers of the backend see: `BackendFullError` for a full disk or a reached limit, `BackendInterruptedError` for
 * a read that was ended, a `StoreError` that names the file for anything else. https://sqlite.org/rescode.html
 */
export function storeErrorOf(file: string, error: unknown): Error {
  if (error instanceof BackendFullError || error instanceof BackendInterruptedError || error instanceof StoreError) return error;
  const code = sqliteCode(error);
  const detail = error instanceof Error ? error.message : String(error);
  switch (code) {
    case 'SQLITE_FULL':
      return new BackendFullError(`store ${file}: no room left (${detail})`);
    case 'SQLITE_CORRUPT':
      return new StoreError(file, `the database is damaged (${detail})`, { cause: error });
    case 'SQLITE_NOTADB':
      return new StoreError(file, `this is not a database of Quorate (${detail})`, { cause: error });
    case 'SQLITE_IOERR':
      return new StoreError(file, `reading or writing failed (${detail})`, { cause: error });
    case 'SQLITE_CANTOPEN':
      return new StoreError(file, `it cannot be opened (${detail})`, { cause: error });
    case 'SQLITE_BUSY':
      return new StoreError(file, `another process holds it locked (${detail})`, { cause: error });
    case 'SQLITE_READONLY':
      return new StoreError(file, `it is read-only (${detail})`, { cause: error });
    case 'SQLITE_INTERRUPT':
      return new BackendInterruptedError(`store ${file}: the read took too long and was ended (${detail})`, { cause: error });
    default:
      return new StoreError(file, detail, { cause: error });
  }
}
