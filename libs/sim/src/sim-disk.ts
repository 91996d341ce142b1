import type { Random } from '@quorate/api';
import type { Disk, DiskFile } from '@quorate/core';
import { SimInode, type SurvivalRate, type TearUnit } from './sim-inode';

export type DiskOperation = 'list' | 'create' | 'open' | 'rename' | 'remove' | 'syncDirectory' | 'read' | 'write' | 'writeLater' | 'sync';

export interface DiskEvent {
  readonly operation: DiskOperation;
  /** The file's name; empty for operations on the directory. */
  readonly name: string;
  readonly phase: 'started' | 'done' | 'failed';
}

export interface SimDiskOptions {
  readonly random: Random;
  /** Sum of all files' sizes; unlimited unless given. */
  readonly capacityBytes?: number;
  readonly tear?: TearUnit;
  /** Waited for before an asynchronous operation takes effect; one microtask unless given. */
  readonly delay?: (operation: DiskOperation) => Promise<void>;
  readonly onEvent?: (event: DiskEvent) => void;
}

export class SimDiskError extends Error {
  override readonly name = 'SimDiskError';

  constructor(readonly code: 'EEXIST' | 'EIO' | 'ENOENT' | 'ENOSPC' | 'EPOWER', what: string) {
    super(`${code}: ${what}`);
  }
}

type Names = Map<string, SimInode>;

/** A change of the directory: names that appear (an inode) or disappear (undefined), together. */
interface PendingNames {
  readonly id: number;
  readonly changes: readonly (readonly [name: string, inode: SimInode | undefined])[];
}

interface Fault {
  readonly operation: DiskOperation;
  readonly code: SimDiskError['code'];
  skip: number;
}

/**
 * A directory in memory that loses at a power cut what a real one may lose: bytes that no `sync` covered, sector by sector, and names that
 * no `syncDirectory` covered, change by change in any combination. It fails on demand and fills up.
 */
export class SimDisk implements Disk {
  private names: Names = new Map();
  private durableNames: Names = new Map();
  private pendingNames: PendingNames[] = [];
  private lastNamesId = 0;
  private faults: Fault[] = [];
  private powered = true;
  private delay: SimDiskOptions['delay'];
  capacityBytes: number;

  constructor(private readonly options: SimDiskOptions) {
    this.capacityBytes = options.capacityBytes ?? Infinity;
    this.delay = options.delay;
  }

  /** From now on asynchronous operations wait for this: a machine that rebooted has another clock. */
  replaceDelay(delay: SimDiskOptions['delay']): void {
    this.delay = delay;
  }

  list(): Promise<string[]> {
    return this.perform('list', '', () => [...this.names.keys()]);
  }

  create(name: string): Promise<DiskFile> {
    return this.perform('create', name, () => {
      if (this.names.has(name)) throw new SimDiskError('EEXIST', name);
      const inode = new SimInode();
      this.change([[name, inode]]);
      return new SimFile(name, inode, this);
    });
  }

  open(name: string): Promise<DiskFile> {
    return this.perform('open', name, () => new SimFile(name, this.inode(name), this));
  }

  rename(from: string, to: string): Promise<void> {
    return this.perform('rename', from, () => this.change([[from, undefined], [to, this.inode(from)]]));
  }

  remove(name: string): Promise<void> {
    return this.perform('remove', name, () => {
      this.inode(name);
      this.change([[name, undefined]]);
    });
  }

  syncDirectory(): Promise<void> {
    const mark = this.lastNamesId;
    return this.perform('syncDirectory', '', () => {
      for (const pending of this.pendingNames) if (pending.id <= mark) applyNames(this.durableNames, pending);
      this.pendingNames = this.pendingNames.filter((pending) => pending.id > mark);
    });
  }

  freeBytes(): Promise<number> {
    return Promise.resolve(this.capacityBytes - this.usedBytes());
  }

  /** The next operation of this kind fails, or the one after `skip` more. */
  failNext(operation: DiskOperation, code: SimDiskError['code'] = 'EIO', skip = 0): void {
    this.faults.push({ operation, code, skip });
  }

  /** What a file holds, as programs see it. */
  contents(name: string): Buffer {
    const inode = this.inode(name);
    return inode.read(0, inode.sizeBytes);
  }

  /** Changes a file's bytes on the platters. */
  damage(name: string, offset: number, bytes: Buffer): void {
    this.inode(name).damage(offset, bytes);
  }

  /** Cuts a file off on the platters. */
  cut(name: string, sizeBytes: number): void {
    this.inode(name).cut(sizeBytes);
  }

  fileNames(): string[] {
    return [...this.names.keys()].sort();
  }

  /** The process dies; what it handed over is still in the page cache. This object is of no use afterwards. */
  kill(): SimDisk {
    this.powered = false;
    const next = new SimDisk(this.options);
    const copies = new Map<SimInode, SimInode>();
    const copyOf = (inode: SimInode): SimInode => {
      const copy = copies.get(inode) ?? inode.afterKill();
      copies.set(inode, copy);
      return copy;
    };
    next.names = mapInodes(this.names, copyOf);
    next.durableNames = mapInodes(this.durableNames, copyOf);
    next.pendingNames = this.pendingNames.map(({ id, changes }) => (
      { id, changes: changes.map(([name, inode]) => [name, inode && copyOf(inode)] as const) }
    ));
    next.lastNamesId = this.lastNamesId;
    next.capacityBytes = this.capacityBytes;
    return next;
  }

  /**
   * The power goes and comes back. This object is of no use afterwards.
   * @param survival how much of what was not synced is found again; drawn by lot unless given
   */
  powerLoss(survival: SurvivalRate = [0, 0.3, 0.7, 0.95, 1][this.options.random.int(5)]!): SimDisk {
    this.powered = false;
    const { random, tear = 'sector' } = this.options;
    const next = new SimDisk(this.options);
    const names = new Map(this.durableNames);
    for (const pending of this.pendingNames) if (random.int(1_000_000) < survival * 1_000_000) applyNames(names, pending);
    const survivors = new Map<SimInode, SimInode>();
    next.names = mapInodes(names, (inode) => {
      const survivor = survivors.get(inode) ?? inode.afterPowerLoss(random, survival, tear);
      survivors.set(inode, survivor);
      return survivor;
    });
    next.durableNames = new Map(next.names);
    next.capacityBytes = this.capacityBytes;
    return next;
  }

  /** An operation that takes effect after the delay. For the files of this disk. */
  async perform<T>(operation: DiskOperation, name: string, effect: () => T): Promise<T> {
    this.options.onEvent?.({ operation, name, phase: 'started' });
    try {
      this.requirePower();
      await (this.delay?.(operation) ?? Promise.resolve());
      this.requirePower();
      this.failIfAsked(operation, name);
      const result = effect();
      this.options.onEvent?.({ operation, name, phase: 'done' });
      return result;
    } catch (error) {
      this.options.onEvent?.({ operation, name, phase: 'failed' });
      throw error;
    }
  }

  /** An operation that takes effect at once. For the files of this disk. */
  performNow(operation: DiskOperation, name: string, effect: () => void): void {
    this.requirePower();
    this.failIfAsked(operation, name);
    effect();
    this.options.onEvent?.({ operation, name, phase: 'done' });
  }

  /** Refuses a file's growth beyond the capacity. For the files of this disk. */
  requireSpace(name: string, growthBytes: number): void {
    if (growthBytes > 0 && this.usedBytes() + growthBytes > this.capacityBytes) throw new SimDiskError('ENOSPC', name);
  }

  private usedBytes(): number {
    let used = 0;
    for (const inode of this.names.values()) used += inode.sizeBytes;
    return used;
  }

  private inode(name: string): SimInode {
    const inode = this.names.get(name);
    if (inode === undefined) throw new SimDiskError('ENOENT', name);
    return inode;
  }

  private change(changes: PendingNames['changes']): void {
    const pending = { id: ++this.lastNamesId, changes };
    applyNames(this.names, pending);
    this.pendingNames.push(pending);
  }

  private requirePower(): void {
    if (!this.powered) throw new SimDiskError('EPOWER', 'the power is off');
  }

  private failIfAsked(operation: DiskOperation, name: string): void {
    const fault = this.faults.find((candidate) => candidate.operation === operation);
    if (fault === undefined) return;
    if (fault.skip > 0) {
      fault.skip--;
      return;
    }
    this.faults.splice(this.faults.indexOf(fault), 1);
    throw new SimDiskError(fault.code, `${operation} ${name}`);
  }
}

class SimFile implements DiskFile {
  constructor(readonly name: string, private readonly inode: SimInode, private readonly disk: SimDisk) {}

  sizeBytes(): Promise<number> {
    return Promise.resolve(this.inode.sizeBytes);
  }

  read(offset: number, length: number): Promise<Buffer> {
    return this.disk.perform('read', this.name, () => this.inode.read(offset, length));
  }

  write(offset: number, bytes: Buffer): void {
    this.disk.performNow('write', this.name, () => this.take(offset, bytes));
  }

  writeLater(offset: number, bytes: Buffer): Promise<void> {
    return this.disk.perform('writeLater', this.name, () => this.take(offset, bytes));
  }

  sync(): Promise<void> {
    const mark = this.inode.mark();
    return this.disk.perform('sync', this.name, () => this.inode.syncTo(mark));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private take(offset: number, bytes: Buffer): void {
    this.disk.requireSpace(this.name, offset + bytes.length - this.inode.sizeBytes);
    this.inode.write(offset, bytes);
  }
}

function applyNames(names: Names, pending: PendingNames): void {
  for (const [name, inode] of pending.changes) {
    if (inode === undefined) names.delete(name);
    else names.set(name, inode);
  }
}

function mapInodes(names: Names, copy: (inode: SimInode) => SimInode): Names {
  return new Map([...names].map(([name, inode]) => [name, copy(inode)]));
}
