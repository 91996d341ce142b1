import type { Backend, RevisionId } from '../ports/backend';
import { StoredVersion } from './key-value';

/** Rows asked for at once. */
const BATCH_ROWS = 1000;
/** What one cached version costs beside its bytes. */
const ENTRY_OVERHEAD_BYTES = 200;
/** Revisions with more changes than this are not cached by number; `main * MAX_SUB` stays exact up to 2^41 revisions. */
const MAX_SUB = 4096;

/** Reads superseded versions from the backend through a bounded cache (least recently used goes first). */
export class VersionLoader {
  private readonly cache = new Map<number, StoredVersion>();
  private cachedBytes = 0;

  constructor(private readonly backend: Pick<Backend, 'read'>, private readonly cacheBytesMax: number) {}

  /** A version if it is cached. */
  cached(id: RevisionId): StoredVersion | undefined {
    if (id.sub >= MAX_SUB) return undefined;
    const key = id.main * MAX_SUB + id.sub;
    const version = this.cache.get(key);
    if (version === undefined) return undefined;
    this.cache.delete(key);
    this.cache.set(key, version);
    return version;
  }

  /** The versions in the order asked; `undefined` where the backend has none (any more). */
  async load(ids: readonly RevisionId[]): Promise<(StoredVersion | undefined)[]> {
    const versions = ids.map((id) => this.cached(id));
    const missing: number[] = [];
    for (let at = 0; at < ids.length; at++) if (versions[at] === undefined) missing.push(at);
    for (let start = 0; start < missing.length; start += BATCH_ROWS) {
      const positions = missing.slice(start, start + BATCH_ROWS);
      const rows = await this.backend.read(positions.map((at) => ids[at]));
      for (let at = 0; at < positions.length; at++) {
        const row = rows[at];
        if (row === undefined) continue;
        const version = StoredVersion.ofRow(row);
        versions[positions[at]] = version;
        this.keep(version);
      }
    }
    return versions;
  }

  private keep(version: StoredVersion): void {
    const cost = costOf(version);
    if (version.sub >= MAX_SUB || cost * 8 > this.cacheBytesMax) return;
    const key = version.main * MAX_SUB + version.sub;
    if (this.cache.has(key)) return;
    this.cache.set(key, version);
    this.cachedBytes += cost;
    for (const [oldKey, old] of this.cache) {
      if (this.cachedBytes <= this.cacheBytesMax) return;
      this.cache.delete(oldKey);
      this.cachedBytes -= costOf(old);
    }
  }
}

function costOf(version: StoredVersion): number {
  return version.end - version.start + ENTRY_OVERHEAD_BYTES;
}
