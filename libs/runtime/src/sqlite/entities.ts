import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One version of a key. An ordinary rowid table: values reach kilobytes, which a table without rowids stores badly. */
@Entity('revision')
export class RevisionEntity {
  @PrimaryColumn({ type: 'integer' })
  main!: number;

  @PrimaryColumn({ type: 'integer' })
  sub!: number;

  /** 1: the key was deleted. */
  @Column({ type: 'integer' })
  tombstone!: number;

  @Column({ type: 'blob' })
  data!: Buffer;
}

/** One record of replicated state that is not a version of a key: a lease, an alarm, a session, the current revision. */
@Entity('state', { withoutRowid: true })
export class StateEntity {
  @PrimaryColumn({ type: 'text' })
  bucket!: string;

  @PrimaryColumn({ type: 'blob' })
  key!: Buffer;

  @Column({ type: 'blob' })
  value!: Buffer;
}

/** The only row of the table that says how far the store is and whose it is. */
@Entity('meta')
export class MetaEntity {
  /** Always 1. */
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  /** Of the whole file. This table and this column keep their names in every format, so that an older program can refuse. */
  @Column({ name: 'format_version', type: 'integer' })
  formatVersion!: number;

  /** Log index and term of the last entry whose effects are in the store; 0 in a new one. */
  @Column({ name: 'applied_index', type: 'integer' })
  appliedIndex!: number;

  @Column({ name: 'applied_term', type: 'integer' })
  appliedTerm!: number;

  /** Hexadecimal; null until a member that knows its ids opens the store. */
  @Column({ name: 'cluster_id', type: 'text', nullable: true })
  clusterId!: string | null;

  /** Hexadecimal; null in a copy that was made for another member. */
  @Column({ name: 'member_id', type: 'text', nullable: true })
  memberId!: string | null;

  /** Counts commits that were made only to be synced: a commit that changes nothing would not reach the disk at all. */
  @Column({ name: 'sync_count', type: 'integer' })
  syncCount!: number;
}
