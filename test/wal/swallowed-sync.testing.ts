import type { Disk, DiskFile } from '@quorate/core';

/** What a sync makes durable: bytes of a segment in use, bytes of one in preparation, or what was done to names last. */
export type SyncKind = 'segment' | 'preparation' | 'name of a new segment' | 'name of a segment given back' | 'removal' | 'names found';

/** One call that makes something durable, counted from 0. */
export interface SyncCall {
  readonly number: number;
  readonly kind: SyncKind;
}

/** Stands before a disk and leaves out some of its syncs, while it says that they were done. */
export class SwallowingDisk implements Disk {
  readonly calls: SyncCall[] = [];
  private lastChange: SyncKind = 'names found';

  constructor(private readonly disk: Disk, private readonly swallows: (call: SyncCall) => boolean) {}

  list(): Promise<string[]> {
    return this.disk.list();
  }

  async create(name: string): Promise<DiskFile> {
    return this.wrapped(await this.disk.create(name));
  }

  async open(name: string): Promise<DiskFile> {
    return this.wrapped(await this.disk.open(name));
  }

  rename(from: string, to: string): Promise<void> {
    this.lastChange = to.endsWith('.wal') ? 'name of a new segment' : 'name of a segment given back';
    return this.disk.rename(from, to);
  }

  remove(name: string): Promise<void> {
    this.lastChange = 'removal';
    return this.disk.remove(name);
  }

  syncDirectory(): Promise<void> {
    return this.count(this.lastChange) ? Promise.resolve() : this.disk.syncDirectory();
  }

  freeBytes(): Promise<number> {
    return this.disk.freeBytes();
  }

  private count(kind: SyncKind): boolean {
    const call = { number: this.calls.length, kind };
    this.calls.push(call);
    return this.swallows(call);
  }

  private wrapped(file: DiskFile): DiskFile {
    return {
      name: file.name,
      sizeBytes: () => file.sizeBytes(),
      read: (offset, length) => file.read(offset, length),
      write: (offset, bytes) => file.write(offset, bytes),
      writeLater: (offset, bytes) => file.writeLater(offset, bytes),
      sync: () => (this.count(file.name.endsWith('.wal') ? 'segment' : 'preparation') ? Promise.resolve() : file.sync()),
      close: () => file.close(),
    };
  }
}
