import { ApiError, EventType, type KeyValue, type WatchEvent } from '@quorate/api';
import type { Backend, RevisionId } from '../ports/backend';
import { StoredVersion } from './key-value';
import type { RowHolds } from './row-holds';
import type { HistoryOptions, HistorySlice, RevisionEvents } from './store-options';
import type { VersionLoader } from './version-loader';
import { NOWHERE, type Versions } from './versions';

/** Bytes asked of the backend at once. */
const SCAN_BYTES = 1024 * 1024;

/** Reads versions in order of their revisions: stored ones from the backend, the rest from the tail, as one sequence. */
export class HistoryReader {
  constructor(
    private readonly versions: Versions,
    private readonly loader: VersionLoader,
    private readonly holds: RowHolds,
    private readonly backend: Pick<Backend, 'scan'>,
    private readonly nextTurn: () => Promise<void>,
    private readonly currentRevision: () => number,
    private readonly storedRevision: () => number,
  ) {}

  /**
   * The rows from `from` on, up to the end of revision `last`, in pieces. While it runs compaction may take rows away; the
   * caller looks at the compacted revision afterwards.
   */
  async *rows(from: RevisionId, last: number): AsyncGenerator<StoredVersion[]> {
    let at = from;
    while (at.main <= last) {
      const stored = this.storedRevision();
      let rows: StoredVersion[];
      if (at.main <= stored) {
        const found = await this.backend.scan(at, this.versions.sliceKeys, SCAN_BYTES);
        rows = found.map((row) => StoredVersion.ofRow(row));
        // Nothing more up to what was committed when the scan began.
        if (rows.length === 0) at = { main: stored + 1, sub: 0 };
      } else {
        rows = this.versions.tail.from(at.main, at.sub, this.versions.sliceKeys);
        if (rows.length === 0) return;
        await this.nextTurn();
      }
      if (rows.length === 0) continue;
      const end = rows[rows.length - 1];
      at = { main: end.main, sub: end.sub + 1 };
      if (end.main > last) rows = rows.filter((row) => row.main <= last);
      if (rows.length > 0) yield rows;
    }
  }

  async read(fromRevision: number, bytesMax: number, options: HistoryOptions): Promise<HistorySlice | undefined> {
    const last = this.currentRevision();
    const from = Math.max(fromRevision, 0);
    if (from < this.versions.compactedRevision) return undefined;
    const hold = this.holds.hold();
    try {
      const { rows, nextRevision } = await this.wholeRevisions(from, last, bytesMax, options);
      if (from < this.versions.compactedRevision) return undefined;
      const before = options.prevKv === false ? undefined : await this.versionsBefore(rows);
      if (from < this.versions.compactedRevision) return undefined;
      return { revisions: group(rows, before, this.versions.compactedRevision), nextRevision };
    } finally {
      this.holds.release(hold);
    }
  }

  private async wholeRevisions(from: number, last: number, bytesMax: number, options: HistoryOptions): Promise<{ rows: StoredVersion[]; nextRevision: number }> {
    const rows: StoredVersion[] = [];
    let bytes = 0;
    let seen = 0;
    for await (const piece of this.rows({ main: from, sub: 0 }, last)) {
      for (const row of piece) {
        if (bytes >= bytesMax && row.main !== seen) return { rows, nextRevision: row.main };
        seen = row.main;
        if (options.wanted !== undefined && !options.wanted(row.key)) continue;
        rows.push(row);
        bytes += row.end - row.start;
      }
    }
    return { rows, nextRevision: Math.max(from, last + 1) };
  }

  /** For each row the version that it superseded, unless there was none or it is compacted. */
  private async versionsBefore(rows: readonly StoredVersion[]): Promise<(StoredVersion | undefined)[]> {
    const before: (StoredVersion | undefined)[] = new Array<StoredVersion | undefined>(rows.length);
    const positions: number[] = [];
    const ids: RevisionId[] = [];
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at];
      const revision = row.main - 1;
      if (row.version === 1 || revision < this.versions.compactedRevision) continue;
      const slot = this.versions.table.find(row.key);
      const location = slot < 0 ? NOWHERE : this.versions.locate(slot, revision);
      if (location === NOWHERE) continue;
      before[at] = this.versions.inMemory(slot, location);
      if (before[at] !== undefined) continue;
      positions.push(at);
      ids.push(this.versions.idOf(location));
    }
    const loaded = await this.loader.load(ids);
    for (let at = 0; at < loaded.length; at++) {
      if (loaded[at] === undefined) throw new ApiError('internal', `the backend has lost the version ${ids[at].main}/${ids[at].sub}`);
      before[positions[at]] = loaded[at];
    }
    return before;
  }
}

/** @param compacted versions that were valid below it are not told any more */
function group(rows: readonly StoredVersion[], before: readonly (KeyValue | undefined)[] | undefined, compacted: number): RevisionEvents[] {
  const revisions: RevisionEvents[] = [];
  let events: WatchEvent[] = [];
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at];
    const prevKv = row.main - 1 < compacted ? undefined : before?.[at];
    const type = row.tombstone ? EventType.DELETE : EventType.PUT;
    if (at === 0 || rows[at - 1].main !== row.main) {
      events = [];
      revisions.push({ revision: row.main, events });
    }
    events.push(prevKv === undefined ? { type, kv: row } : { type, kv: row, prevKv });
  }
  return revisions;
}
