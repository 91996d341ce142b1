import { ApiPropertyOptional } from '@nestjs/swagger';
import { LIST_LIMIT_MAX, WAIT_SECONDS_MAX } from '@quorate/api';
import { IsIn, IsOptional } from 'class-validator';
import { FlagField, RevisionField, TextField, WholeField } from './query-fields';

export type Consistency = 'linearizable' | 'serializable';
const CONSISTENCIES: readonly Consistency[] = ['linearizable', 'serializable'];

/** What every read takes. */
export class ReadQuery {
  @ApiPropertyOptional({ enum: CONSISTENCIES, description: 'serializable: from this member’s own state, which may be old' })
  @IsOptional() @IsIn(CONSISTENCIES)
  consistency?: Consistency;

  @RevisionField('answer from a state at or after this revision, or with 504 revision_not_reached')
  waitRevision?: string;
}

/** A read that may wait for a change. */
export class LongPollQuery extends ReadQuery {
  @RevisionField('wait for a change strictly after this revision')
  afterRevision?: string;

  @WholeField(1, WAIT_SECONDS_MAX, 'longest wait; 30 where only afterRevision is given')
  waitSeconds?: number;
}

/** A list. */
export class ListQuery extends ReadQuery {
  @WholeField(1, LIST_LIMIT_MAX, 'at most this many items; whole where it is not given')
  limit?: number;

  @TextField('nextCursor of the page before; pages are of one revision', 1024)
  cursor?: string;

  @TextField('only items whose name has this in it')
  q?: string;
}

/** A list that may wait for a change. */
export class PolledListQuery extends ListQuery {
  @RevisionField('wait for a change strictly after this revision')
  afterRevision?: string;

  @WholeField(1, WAIT_SECONDS_MAX, 'longest wait; 30 where only afterRevision is given')
  waitSeconds?: number;
}

export class ForceQuery {
  @FlagField('also what is not empty')
  force?: boolean;
}
