/** The log on disk is not what was written: the member must not start. `file` and `offset` say where it was noticed. */
export class WalCorruptError extends Error {
  override readonly name = 'WalCorruptError';

  constructor(readonly file: string, readonly offset: number, readonly reason: string) {
    super(`WAL corrupt: ${file} at offset ${offset}: ${reason}`);
  }
}

/** A batch was appended for which no room had been reserved. Nothing of it was written. */
export class WalFullError extends Error {
  override readonly name = 'WalFullError';
}

/** Entries were asked for that are no longer, or not yet, in the log. */
export class WalRangeError extends Error {
  override readonly name = 'WalRangeError';
}

/** A write or a sync of accepted bytes failed, or the log was closed: it takes and gives nothing any more. `cause` is the first failure. */
export class WalFailedError extends Error {
  override readonly name = 'WalFailedError';
}
