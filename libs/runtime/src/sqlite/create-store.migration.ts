import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Format 1: versions of keys, state records, and the row that says how far they reach. */
export class CreateStore1763000000000 implements MigrationInterface {
  readonly name = 'CreateStore1763000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE revision (
      main INTEGER NOT NULL, sub INTEGER NOT NULL, tombstone INTEGER NOT NULL, data BLOB NOT NULL,
      PRIMARY KEY (main, sub))`);
    await runner.query(`CREATE TABLE state (
      bucket TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID`);
    await runner.query(`CREATE TABLE meta (
      id INTEGER PRIMARY KEY CHECK (id = 1), format_version INTEGER NOT NULL,
      applied_index INTEGER NOT NULL, applied_term INTEGER NOT NULL,
      cluster_id TEXT, member_id TEXT, sync_count INTEGER NOT NULL)`);
    await runner.query(`INSERT INTO meta (id, format_version, applied_index, applied_term, sync_count) VALUES (1, 1, 0, 0, 0)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['meta', 'state', 'revision']) await runner.query(`DROP TABLE ${table}`);
  }
}
