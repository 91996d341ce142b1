/**
 * The files of one directory, as the WAL needs them. The real one may lose whatever was not synced when the power goes:
 * bytes until `DiskFile.sync`, names until `syncDirectory`. A failed write or sync of accepted bytes is never retried
 * (SAFETY.md 4).
 */
export interface Disk {
  /** Names of the files in the directory. */
  list(): Promise<string[]>;
  /** Creates a file for reading and writing; fails if there is one. */
  create(name: string): Promise<DiskFile>;
  /** Opens a file for reading and writing; fails if there is none. */
  open(name: string): Promise<DiskFile>;
  /** Replaces `to` if there is one; atomic. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes creations, renames and removals durable. */
  syncDirectory(): Promise<void>;
  /** Bytes that can still be stored on this disk. */
  freeBytes(): Promise<number>;
}

export interface DiskFile {
  /** The name it was opened by. */
  readonly name: string;
  sizeBytes(): Promise<number>;
  /** Reads exactly `length` bytes from `offset`, fewer only at the end of the file. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Hands bytes to the operating system at once (no promise: it goes to the page cache). Throws if not all were taken. */
  write(offset: number, bytes: Buffer): void;
  /** Like `write`, off the calling thread: for filling a whole segment ahead. */
  writeLater(offset: number, bytes: Buffer): Promise<void>;
  /** `fdatasync`: everything written before the call is durable when it resolves. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
