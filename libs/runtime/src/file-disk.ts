import fs from 'node:fs';
import path from 'node:path';
import type { Disk, DiskFile } from '@quorate/core';
import { DirectoryLock } from './directory-lock';

const OPEN_FLAGS = fs.constants.O_RDWR;
const CREATE_FLAGS = OPEN_FLAGS | fs.constants.O_CREAT | fs.constants.O_EXCL;
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** A directory of the file system, held by this process alone. */
export class FileDisk implements Disk {
  private constructor(readonly directory: string, private readonly lock: DirectoryLock) {}

  /**
   * Takes a directory for this process; creates it, durably, if need be.
   * @throws DirectoryLockedError if another process (or another part of this one) has it
   */
  static async open(directory: string): Promise<FileDisk> {
    await createDirectory(directory);
    return new FileDisk(directory, await DirectoryLock.acquire(directory));
  }

  async list(): Promise<string[]> {
    const names = await fs.promises.readdir(this.directory);
    return names.filter((name) => name !== DirectoryLock.fileName);
  }

  create(name: string): Promise<DiskFile> {
    return RealFile.open(name, path.join(this.directory, name), CREATE_FLAGS);
  }

  open(name: string): Promise<DiskFile> {
    return RealFile.open(name, path.join(this.directory, name), OPEN_FLAGS);
  }

  rename(from: string, to: string): Promise<void> {
    return fs.promises.rename(path.join(this.directory, from), path.join(this.directory, to));
  }

  remove(name: string): Promise<void> {
    return fs.promises.unlink(path.join(this.directory, name));
  }

  syncDirectory(): Promise<void> {
    return syncDirectory(this.directory);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await fs.promises.statfs(this.directory);
    return bavail * bsize;
  }

  /** Lets go of the directory. Files are closed by whoever opened them. */
  close(): Promise<void> {
    return this.lock.release();
  }
}

class RealFile implements DiskFile {
  private syncsUnderWay = 0;
  private onSynced: () => void = () => undefined;

  private constructor(readonly name: string, private readonly handle: fs.promises.FileHandle) {}

  static async open(name: string, file: string, flags: number): Promise<RealFile> {
    return new RealFile(name, await fs.promises.open(file, flags, FILE_MODE));
  }

  async sizeBytes(): Promise<number> {
    return (await this.handle.stat()).size;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length);
    let taken = 0;
    while (taken < length) {
      const { bytesRead } = await this.handle.read(bytes, taken, length - taken, offset + taken);
      if (bytesRead === 0) break;
      taken += bytesRead;
    }
    return taken === length ? bytes : bytes.subarray(0, taken);
  }

  write(offset: number, bytes: Buffer): void {
    let written = 0;
    while (written < bytes.length) written += fs.writeSync(this.handle.fd, bytes, written, bytes.length - written, offset + written);
  }

  async writeLater(offset: number, bytes: Buffer): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += (await this.handle.write(bytes, written, bytes.length - written, offset + written)).bytesWritten;
    }
  }

  /** Not by the promise of the `FileHandle`: what it does around a call costs far more, and a lone write pays all of it. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.handle.fd, (error) => {
        this.syncsUnderWay--;
        if (error) reject(error);
        else resolve();
        this.onSynced();
      });
      this.syncsUnderWay++;
    });
  }

  /** Not while a sync is under way: the number of the file could be another one's by then. */
  async close(): Promise<void> {
    while (this.syncsUnderWay > 0) await new Promise<void>((resolve) => { this.onSynced = resolve; });
    await this.handle.close();
  }
}

/** Creates a directory with its parents; each new name is synced into the directory that holds it. */
export async function createDirectory(directory: string): Promise<void> {
  const absolute = path.resolve(directory);
  const first = await fs.promises.mkdir(absolute, { recursive: true, mode: DIRECTORY_MODE });
  if (first === undefined) return;
  const top = path.dirname(path.resolve(first));
  for (let parent = path.dirname(absolute); parent.length >= top.length; parent = path.dirname(parent)) {
    await syncDirectory(parent);
    if (parent === top) break;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await fs.promises.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
