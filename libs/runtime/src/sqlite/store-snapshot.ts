import { type BackendSnapshot } from '@quorate/core';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { type DataSource } from 'typeorm';
import { MetaEntity } from './entities';
import { openCopy } from './connection';

/** A whole SQLite file, made by `VACUUM INTO`, that vanishes when it is closed. */
export class StoreSnapshot implements BackendSnapshot {
  private constructor(
    private readonly handle: FileHandle,
    readonly totalBytes: number,
    readonly appliedIndex: number,
    readonly appliedTerm: number,
  ) {}

  /**
   * Takes over a copy that `VACUUM INTO` has finished. Index and term are those stored in it; whose it is gets erased,
   * because another member will start from it. The name of the file is removed at once, the bytes live until `close`.
   */
  static async take(file: string): Promise<StoreSnapshot> {
    const { appliedIndex, appliedTerm } = await disown(file);
    const handle = await open(file, 'r');
    try {
      await rm(file);
      return new StoreSnapshot(handle, (await handle.stat()).size, appliedIndex, appliedTerm);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async *chunks(bytesMax: number): AsyncIterable<Buffer> {
    for (let offset = 0; offset < this.totalBytes; ) {
      const chunk = Buffer.allocUnsafe(Math.min(bytesMax, this.totalBytes - offset));
      for (let filled = 0; filled < chunk.length; ) {
        const { bytesRead } = await this.handle.read(chunk, filled, chunk.length - filled, offset + filled);
        if (bytesRead === 0) throw new Error('the copy of the store became shorter while it was read');
        filled += bytesRead;
      }
      offset += chunk.length;
      yield chunk;
    }
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

async function disown(file: string): Promise<MetaEntity> {
  const copy: DataSource = await openCopy(file);
  try {
    await copy.getRepository(MetaEntity).update({ id: 1 }, { memberId: null });
    return await copy.getRepository(MetaEntity).findOneByOrFail({ id: 1 });
  } finally {
    await copy.destroy();
  }
}
