import { rename } from 'node:fs/promises';
import path from 'node:path';
import { type DataSource } from 'typeorm';
import { createStore } from './connection';
import { MetaEntity } from './entities';
import { StoreError } from './store-error';
import { syncDirectory, temporaryFile } from './store-files';

/** The newest format of the file that this program reads, and the one it writes. */
export const STORE_FORMAT_VERSION = 1;

/** SQLite's own limit. https://sqlite.org/limits.html */
const PAGES_MAX = 0xfffffffe;

/** Whose store it is. */
export interface StoreOwner {
  readonly clusterId: bigint;
  readonly memberId: bigint;
}

/** A file of this name is a whole store from the first moment on, also when the power goes meanwhile. */
export async function newStore(file: string): Promise<void> {
  const directory = path.dirname(file);
  const unnamed = temporaryFile(directory);
  await createStore(unnamed);
  await rename(unnamed, file);
  await syncDirectory(directory);
  await syncDirectory(path.dirname(directory));
}

/** Brings the file to this program's format; refuses what it must not touch. Resolves to the size of its pages. */
export async function prepareStore(
  file: string,
  writer: DataSource,
  { owner, fileBytesMax }: { owner?: StoreOwner; fileBytesMax?: number },
): Promise<number> {
  const [{ page_size: pageBytes }] = await writer.query<[{ page_size: number }]>('PRAGMA page_size');
  const tables = await writer.query<unknown[]>(`SELECT 1 FROM sqlite_master WHERE name = 'meta'`);
  if (tables.length > 0) {
    const [{ format_version: format }] = await writer.query<[{ format_version: number }]>('SELECT format_version FROM meta');
    if (format > STORE_FORMAT_VERSION) {
      throw new StoreError(file, `its format is ${format}, this program reads up to ${STORE_FORMAT_VERSION}: use a newer one`);
    }
  }
  await writer.runMigrations();
  if (owner !== undefined) await own(file, writer, owner);
  const pagesMax = fileBytesMax === undefined ? PAGES_MAX : Math.max(1, Math.floor(fileBytesMax / pageBytes));
  await writer.query(`PRAGMA max_page_count = ${pagesMax}`);
  return pageBytes;
}

async function own(file: string, writer: DataSource, owner: StoreOwner): Promise<void> {
  const rows = writer.getRepository(MetaEntity);
  const wanted = { clusterId: owner.clusterId.toString(16), memberId: owner.memberId.toString(16) };
  const found = await rows.findOneByOrFail({ id: 1 });
  if ((found.clusterId ?? wanted.clusterId) !== wanted.clusterId) {
    throw new StoreError(file, `it belongs to cluster ${found.clusterId}, not ${wanted.clusterId}`);
  }
  if ((found.memberId ?? wanted.memberId) !== wanted.memberId) {
    throw new StoreError(file, `it belongs to member ${found.memberId}, not ${wanted.memberId}`);
  }
  if (found.clusterId === null || found.memberId === null) await rows.update({ id: 1 }, wanted);
}
