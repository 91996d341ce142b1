import { open, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, StoreError } from './store-error';

/** Name of the database file in the store's directory. */
export const STORE_FILE = 'quorate.db';

/** SQLite's `application_id`, "QRTE": tells our files from other people's databases. */
export const APPLICATION_ID = 0x51525445;

const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;
/** Offset of `application_id` in the header, big-endian. https://sqlite.org/fileformat2.html#the_database_header */
const APPLICATION_ID_OFFSET = 68;
const TEMPORARY = /^copy-\d+-\d+\.tmp(-journal|-wal|-shm)?$/;

let copies = 0;

/** A name in the store's directory for a file that no later run needs. */
export function temporaryFile(directory: string): string {
  return path.join(directory, `copy-${process.pid}-${++copies}.tmp`);
}

/** Removes what runs that died have left behind. Only the process that owns the directory may call it. */
export async function removeTemporaryFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (TEMPORARY.test(name)) await rm(path.join(directory, name), { force: true });
  }
}

/** Whether there is a file with anything in it. */
export async function hasContent(file: string): Promise<boolean> {
  try {
    return (await stat(file)).size > 0;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Refuses a file that no run of ours can have made, before SQLite touches it. */
export async function checkHeader(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0);
    if (bytesRead < HEADER_BYTES || header.latin1Slice(0, MAGIC.length) !== MAGIC) {
      throw new StoreError(file, 'this is not a database of Quorate (wrong file header)');
    }
    if (header.readUInt32BE(APPLICATION_ID_OFFSET) !== APPLICATION_ID) {
      throw new StoreError(file, 'this is a database of another program');
    }
  } finally {
    await handle.close();
  }
}

/** Makes the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
