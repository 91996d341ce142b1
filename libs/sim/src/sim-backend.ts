import { type Backend, type BackendBatch, BackendFullError, type BackendSnapshot, type BackendState, type RevisionId, type RevisionRow, type StateRecord } from '@quorate/core';

/** One committed state; never changed in place once another state was made from it. */
interface StoreState {
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  /** In order of (main, sub). */
  readonly rows: readonly RevisionRow[];
  /** By bucket and key. */
  readonly records: ReadonlyMap<string, StateRecord>;
}

interface WaitingCommit {
  readonly batch: BackendBatch;
  resolve(): void;
  reject(error: Error): void;
}

const EMPTY: StoreState = { appliedIndex: 0, appliedTerm: 0, rows: [], records: new Map() };

/**
 * A backend in memory that lags at will: commits wait while they are held and take place one by one when released, reads
 * likewise. Reads see what is committed when they run. `crash` loses what was not synced, `reopen` only what was not
 * committed. Bytes are copied on the way in and out, as a real store does.
 */
export class SimBackend implements Backend {
  /** While true every commit is refused with `BackendFullError` when its turn comes. */
  full = false;
  private state: StoreState;
  private synced: StoreState;
  private peakBytes = 0;
  private commitsHeld = false;
  private readonly commits: WaitingCommit[] = [];
  private readsHeld = false;
  private readonly reads: (() => void)[] = [];
  private closed = false;

  constructor(state: StoreState = EMPTY) {
    this.state = state;
    this.synced = state;
  }

  /** A store with the content of a snapshot. */
  static ofSnapshot(bytes: Buffer): SimBackend {
    return new SimBackend(parseState(bytes));
  }

  // --- by hand ----------------------------------------------------------------------------------------------------

  /** Commits wait from now on. */
  holdCommits(): void {
    this.commitsHeld = true;
  }

  /** Carries out at most `count` waiting commits, oldest first. @returns how many there were */
  releaseCommits(count = Infinity): number {
    let done = 0;
    for (; done < count && this.commits.length > 0; done++) this.carryOut(this.commits.shift() as WaitingCommit);
    return done;
  }

  /** Commits take place by themselves again, the waiting ones now. */
  resumeCommits(): void {
    this.commitsHeld = false;
    this.releaseCommits();
  }

  get waitingCommits(): number {
    return this.commits.length;
  }

  /** Reads wait from now on. */
  holdReads(): void {
    this.readsHeld = true;
  }

  /** Lets at most `count` waiting reads run, oldest first. @returns how many there were */
  releaseReads(count = Infinity): number {
    let done = 0;
    for (; done < count && this.reads.length > 0; done++) (this.reads.shift() as () => void)();
    return done;
  }

  resumeReads(): void {
    this.readsHeld = false;
    this.releaseReads();
  }

  get waitingReads(): number {
    return this.reads.length;
  }

  /** The store after a loss of power: what was synced. This one must not be used any more. */
  crash(): SimBackend {
    this.closed = true;
    return new SimBackend(this.synced);
  }

  /** The store after the process ended: what was committed. This one must not be used any more. */
  reopen(): SimBackend {
    this.closed = true;
    return new SimBackend(this.state);
  }

  /** The committed rows. */
  get rows(): readonly RevisionRow[] {
    return this.state.rows;
  }

  // --- Backend ----------------------------------------------------------------------------------------------------

  load(): Promise<BackendState> {
    const { appliedIndex, appliedTerm, records } = this.state;
    return Promise.resolve({ appliedIndex, appliedTerm, state: [...records.values()].map(copyRecord) });
  }

  commit(batch: BackendBatch): Promise<void> {
    this.refuseClosed();
    return new Promise((resolve, reject) => {
      this.commits.push({ batch, resolve, reject });
      if (this.commitsHeld) return;
      void Promise.resolve().then(() => {
        if (!this.commitsHeld && !this.closed) this.releaseCommits(1);
      });
    });
  }

  sync(): Promise<number> {
    this.refuseClosed();
    this.synced = this.state;
    return Promise.resolve(this.synced.appliedIndex);
  }

  read(ids: readonly RevisionId[]): Promise<(RevisionRow | undefined)[]> {
    return this.reading(() => ids.map(({ main, sub }) => {
      const row = this.state.rows[lowerBound(this.state.rows, main, sub)];
      return row !== undefined && row.main === main && row.sub === sub ? copyRow(row) : undefined;
    }));
  }

  scan(from: RevisionId, rowsMax: number, bytesMax: number): Promise<RevisionRow[]> {
    return this.reading(() => {
      const { rows } = this.state;
      const found: RevisionRow[] = [];
      let bytes = 0;
      for (let at = lowerBound(rows, from.main, from.sub); at < rows.length && found.length < rowsMax; at++) {
        if (found.length > 0 && bytes + rows[at].data.length > bytesMax) break;
        bytes += rows[at].data.length;
        found.push(copyRow(rows[at]));
      }
      return found;
    });
  }

  size(): Promise<{ totalBytes: number; inUseBytes: number }> {
    return Promise.resolve({ totalBytes: this.peakBytes, inUseBytes: sizeOf(this.state) });
  }

  defragment(): Promise<void> {
    this.peakBytes = sizeOf(this.state);
    return Promise.resolve();
  }

  snapshot(): Promise<BackendSnapshot> {
    const bytes = formatState(this.state);
    const { appliedIndex, appliedTerm } = this.state;
    return Promise.resolve({ totalBytes: bytes.length, appliedIndex, appliedTerm, chunks: (bytesMax) => pieces(bytes, bytesMax), close: () => Promise.resolve() });
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  // ----------------------------------------------------------------------------------------------------------------

  private reading<T>(read: () => T): Promise<T> {
    this.refuseClosed();
    return new Promise((resolve) => {
      if (this.readsHeld) this.reads.push(() => resolve(read()));
      else void Promise.resolve().then(() => resolve(read()));
    });
  }

  private carryOut({ batch, resolve, reject }: WaitingCommit): void {
    if (this.full) {
      reject(new BackendFullError('the simulated disk is full'));
      return;
    }
    try {
      this.state = commitTo(this.state, batch);
    } catch (error) {
      reject(error as Error);
      return;
    }
    this.peakBytes = Math.max(this.peakBytes, sizeOf(this.state));
    resolve();
  }

  private refuseClosed(): void {
    if (this.closed) throw new Error('the backend is closed');
  }
}

function commitTo(state: StoreState, batch: BackendBatch): StoreState {
  if (batch.appliedIndex < state.appliedIndex) throw new Error('a batch goes back behind the applied index');
  let rows = [...state.rows];
  for (const row of batch.revisions) {
    const last = rows[rows.length - 1];
    if (last !== undefined && (row.main < last.main || (row.main === last.main && row.sub <= last.sub))) throw new Error('the revisions of a batch are out of order');
    rows.push(copyRow(row));
  }
  if (batch.compacted.length > 0) {
    const dropped = new Set(batch.compacted.map(({ main, sub }) => `${main}/${sub}`));
    rows = rows.filter(({ main, sub }) => !dropped.has(`${main}/${sub}`));
  }
  const records = new Map(state.records);
  for (const record of batch.state) {
    const id = `${record.bucket}/${record.key}`;
    if (record.value === undefined) records.delete(id);
    else records.set(id, copyRecord(record));
  }
  return { appliedIndex: batch.appliedIndex, appliedTerm: batch.appliedTerm, rows, records };
}

function lowerBound(rows: readonly RevisionRow[], main: number, sub: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row.main < main || (row.main === main && row.sub < sub)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function copyRow({ main, sub, tombstone, data }: RevisionRow): RevisionRow {
  return { main, sub, tombstone, data: Buffer.from(data) };
}

function copyRecord({ bucket, key, value }: StateRecord): StateRecord {
  return { bucket, key, value: value === undefined ? undefined : Buffer.from(value) };
}

function sizeOf(state: StoreState): number {
  let bytes = 0;
  for (const row of state.rows) bytes += row.data.length + 16;
  for (const record of state.records.values()) bytes += record.key.length + (record.value?.length ?? 0);
  return bytes;
}

/** Only for the simulator's own snapshots: one JSON text. */
function formatState({ appliedIndex, appliedTerm, rows, records }: StoreState): Buffer {
  return Buffer.from(JSON.stringify({
    appliedIndex, appliedTerm,
    rows: rows.map(({ main, sub, tombstone, data }) => [main, sub, tombstone, data.toString('latin1')]),
    records: [...records.values()].map(({ bucket, key, value }) => [bucket, key, (value as Buffer).toString('latin1')]),
  }));
}

function parseState(bytes: Buffer): StoreState {
  const { appliedIndex, appliedTerm, rows, records } = JSON.parse(bytes.toString()) as {
    appliedIndex: number; appliedTerm: number; rows: [number, number, boolean, string][]; records: [string, string, string][];
  };
  return {
    appliedIndex, appliedTerm,
    rows: rows.map(([main, sub, tombstone, data]) => ({ main, sub, tombstone, data: Buffer.from(data, 'latin1') })),
    records: new Map(records.map(([bucket, key, value]) => [`${bucket}/${key}`, { bucket, key, value: Buffer.from(value, 'latin1') }])),
  };
}

async function* pieces(bytes: Buffer, bytesMax: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += bytesMax) yield bytes.subarray(at, at + bytesMax);
}
