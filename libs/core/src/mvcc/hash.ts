import { ApiError } from '@quorate/api';
import { crc32c } from '../base/crc32c';
import type { HistoryReader } from './history';
import type { HashResult } from './store-options';
import type { StoredVersion } from './key-value';
import type { Versions } from './versions';

/** Part of the hash: members that compute it in another way must never seem to hold the same data. */
const ALGORITHM_VERSION = 1;

/**
 * CRC-32C over the kept versions at `revision` in order of (main, sub): for each its revision, whether it is a tombstone and
 * its encoded bytes. Kept is everything above the compacted revision, and of what is not above it the version of each key
 * that is valid there, unless that is a tombstone: those leave the store sooner on one member and later on another.
 */
export async function hashVersions(versions: Versions, history: HistoryReader, revision: number): Promise<HashResult> {
  for (;;) {
    const compactRevision = versions.compactedRevision;
    if (revision < compactRevision) throw new ApiError('compacted');
    const head = Buffer.alloc(17);
    head[0] = ALGORITHM_VERSION;
    let hash = crc32c(head.subarray(0, 1));
    for await (const rows of history.rows({ main: 0, sub: 0 }, revision)) {
      if (versions.compactedRevision !== compactRevision) break;
      for (const row of rows) {
        if (!isKept(versions, row, compactRevision)) continue;
        head.writeDoubleLE(row.main, 0);
        head.writeDoubleLE(row.sub, 8);
        head[16] = row.tombstone ? 1 : 0;
        hash = crc32c(row.bytes.subarray(row.start, row.end), crc32c(head, hash));
      }
    }
    // A compaction in between has changed what is kept.
    if (versions.compactedRevision === compactRevision) return { hash: hash >>> 0, compactRevision, hashRevision: revision };
  }
}

function isKept(versions: Versions, row: StoredVersion, compactRevision: number): boolean {
  if (row.main > compactRevision) return true;
  if (row.tombstone) return false;
  const slot = versions.table.find(row.key);
  return slot >= 0 && versions.isValidAt(slot, row.main, compactRevision);
}
