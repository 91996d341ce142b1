import { type RevisionId, type RevisionRow, type StateRecord } from '@quorate/core';
import { NumberText } from './number-text';

/**
 * Rows travel to SQLite packed: one blob with the bytes of many rows and one JSON object with their numbers, which the
 * statement takes apart with `json_each` and `substr`. That costs the calling thread a copy of the bytes and a few digits
 * per row, where a bound parameter per column costs ten times as much. A member of the object is `"a":b`, both integers
 * below 2^53, whose bits are named at each statement.
 */
export interface PackedStatement {
  readonly sql: string;
  readonly parameters: (string | number | Buffer)[];
}

/** Bytes and rows of one statement. Offsets and lengths in it fit 24 bits; a row that is larger goes by itself. */
const CHUNK_BYTES_MAX = 4 << 20;
const CHUNK_ROWS_MAX = 4096;
const IDS_MAX = 16384;

const LENGTH = 2 ** 24;
/** `sub` in the low 24 bits; a row with a larger one goes by itself. */
const SUB = 2 ** 24;
/** How far `main` may lie above the first of the chunk. */
const MAIN_SPAN_MAX = 2 ** 28;

/** a = (main - ?3) · 2^24 + sub; b = offset · 2^25 + length · 2 + tombstone. */
const INSERT_REVISIONS = `INSERT INTO revision (main, sub, tombstone, data)
  SELECT ?3 + (CAST(key AS INTEGER) >> 24), CAST(key AS INTEGER) & 16777215, value & 1,
    substr(?1, (value >> 25) + 1, (value >> 1) & 16777215) FROM json_each(CAST(?2 AS TEXT))`;
const INSERT_REVISION = 'INSERT INTO revision (main, sub, tombstone, data) VALUES (?1, ?2, ?3, coalesce(?4, zeroblob(0)))';

/** a = main; b = sub. */
const DELETE_REVISIONS = `DELETE FROM revision
  WHERE (main, sub) IN (SELECT CAST(key AS INTEGER), value FROM json_each(CAST(?1 AS TEXT)))`;

/** a = offset · 2^24 + length of the key; b = length of the value, which follows the key. */
const UPSERT_STATE = `INSERT INTO state (bucket, key, value)
  SELECT ?3, substr(?1, (CAST(key AS INTEGER) >> 24) + 1, CAST(key AS INTEGER) & 16777215),
    substr(?1, (CAST(key AS INTEGER) >> 24) + (CAST(key AS INTEGER) & 16777215) + 1, value) FROM json_each(CAST(?2 AS TEXT))
  WHERE true ON CONFLICT (bucket, key) DO UPDATE SET value = excluded.value`;
const UPSERT_RECORD = `INSERT INTO state (bucket, key, value)
  VALUES (?1, coalesce(?2, zeroblob(0)), coalesce(?3, zeroblob(0)))
  ON CONFLICT (bucket, key) DO UPDATE SET value = excluded.value`;

/** a = offset · 2^24 + length of the key; b is not used. */
const DELETE_STATE = `DELETE FROM state WHERE bucket = ?3 AND key IN (
  SELECT substr(?1, (CAST(key AS INTEGER) >> 24) + 1, CAST(key AS INTEGER) & 16777215) FROM json_each(CAST(?2 AS TEXT)))`;
const DELETE_RECORD = 'DELETE FROM state WHERE bucket = ?1 AND key = coalesce(?2, zeroblob(0))';

/**
 * Turns batches into packed statements. Statements share one piece of memory: each must have been handed to the driver
 * (which copies its parameters) and have ended before the next is taken.
 */
export class RowPacker {
  /** At least one byte, because the driver binds an empty buffer as NULL. */
  private scratch = Buffer.allocUnsafe(1 << 16);
  private readonly numbers = new NumberText();

  *insertRevisions(rows: readonly RevisionRow[]): Generator<PackedStatement> {
    let from = 0;
    while (from < rows.length) {
      const chunk = chunkOfRevisions(rows, from);
      if (chunk.length === 0) {
        const { main, sub, tombstone, data } = rows[from]!;
        yield { sql: INSERT_REVISION, parameters: [main, sub, tombstone ? 1 : 0, data] };
        from++;
      } else {
        yield this.packRevisions(rows, from, chunk);
        from += chunk.length;
      }
    }
  }

  *deleteRevisions(ids: readonly RevisionId[]): Generator<PackedStatement> {
    for (let from = 0; from < ids.length; from += IDS_MAX) {
      yield { sql: DELETE_REVISIONS, parameters: [this.packIds(ids, from, Math.min(ids.length, from + IDS_MAX))] };
    }
  }

  *changeState(records: readonly StateRecord[]): Generator<PackedStatement> {
    for (const [bucket, ofBucket] of byBucket(records)) {
      const puts = ofBucket.filter((record) => record.value !== undefined);
      const deletes = ofBucket.filter((record) => record.value === undefined);
      yield* this.packRecords(bucket, puts, UPSERT_STATE, UPSERT_RECORD);
      yield* this.packRecords(bucket, deletes, DELETE_STATE, DELETE_RECORD);
    }
  }

  /** @param datas of the rows from `from` on that are to be packed */
  private packRevisions(rows: readonly RevisionRow[], from: number, datas: readonly Buffer[]): PackedStatement {
    let bytes = 0;
    for (const data of datas) bytes += data.length;
    const scratch = this.room(bytes);
    const base = rows[from]!.main;
    const { numbers } = this;
    let offset = 0;
    numbers.begin(datas.length);
    for (let at = 0; at < datas.length; at++) {
      const data = datas[at]!;
      const { main, sub, tombstone } = rows[from + at]!;
      scratch.set(data, offset);
      numbers.add((main - base) * SUB + sub, (offset * LENGTH + data.length) * 2 + (tombstone ? 1 : 0));
      offset += data.length;
    }
    return { sql: INSERT_REVISIONS, parameters: [scratch.subarray(0, Math.max(1, bytes)), numbers.finish(), base] };
  }

  private *packRecords(bucket: string, records: readonly StateRecord[], packed: string, single: string): Generator<PackedStatement> {
    let from = 0;
    while (from < records.length) {
      const to = chunkOfRecords(records, from);
      if (to === from) {
        const { key, value } = records[from]!;
        const parameters = [bucket, Buffer.from(key, 'latin1')];
        yield { sql: single, parameters: value === undefined ? parameters : [...parameters, value] };
        from++;
        continue;
      }
      let bytes = 0;
      for (let at = from; at < to; at++) bytes += recordBytes(records[at]!);
      const scratch = this.room(bytes);
      const { numbers } = this;
      let offset = 0;
      numbers.begin(to - from);
      for (let at = from; at < to; at++) {
        const { key, value } = records[at]!;
        scratch.latin1Write(key, offset);
        if (value !== undefined) scratch.set(value, offset + key.length);
        numbers.add(offset * LENGTH + key.length, value?.length ?? 0);
        offset += recordBytes(records[at]!);
      }
      yield { sql: packed, parameters: [scratch.subarray(0, Math.max(1, bytes)), numbers.finish(), bucket] };
      from = to;
    }
  }

  private packIds(ids: readonly RevisionId[], from: number, to: number): Buffer {
    this.numbers.begin(to - from);
    for (let at = from; at < to; at++) this.numbers.add(ids[at]!.main, ids[at]!.sub);
    return this.numbers.finish();
  }

  private room(bytes: number): Buffer {
    if (bytes > this.scratch.length) this.scratch = Buffer.allocUnsafe(Math.min(CHUNK_BYTES_MAX, bytes * 2));
    return this.scratch;
  }
}

/** The text that names versions in a read: `{"main":sub,…}`; a key may occur more than once. */
export function packedIds(ids: readonly RevisionId[]): string {
  return `{${ids.map(({ main, sub }) => `"${main}":${sub}`).join(',')}}`;
}

/**
 * The data of the rows from `from` on that make one chunk; none if the first of them has to go alone. It is asked for once
 * here, because each time a row makes a new view.
 */
function chunkOfRevisions(rows: readonly RevisionRow[], from: number): Buffer[] {
  const base = rows[from]!.main;
  const end = Math.min(rows.length, from + CHUNK_ROWS_MAX);
  const datas: Buffer[] = [];
  let bytes = 0;
  for (let at = from; at < end; at++) {
    const { main, sub, data } = rows[at]!;
    bytes += data.length;
    if (bytes > CHUNK_BYTES_MAX || sub >= SUB || main < base || main - base > MAIN_SPAN_MAX) break;
    datas.push(data);
  }
  return datas;
}

function chunkOfRecords(records: readonly StateRecord[], from: number): number {
  const end = Math.min(records.length, from + CHUNK_ROWS_MAX);
  let bytes = 0;
  let at = from;
  for (; at < end; at++) {
    bytes += recordBytes(records[at]!);
    if (bytes > CHUNK_BYTES_MAX) break;
  }
  return at;
}

function recordBytes({ key, value }: StateRecord): number {
  return key.length + (value?.length ?? 0);
}

function byBucket(records: readonly StateRecord[]): Map<string, StateRecord[]> {
  const buckets = new Map<string, StateRecord[]>();
  for (const record of records) {
    const bucket = buckets.get(record.bucket);
    if (bucket === undefined) buckets.set(record.bucket, [record]);
    else bucket.push(record);
  }
  return buckets;
}
