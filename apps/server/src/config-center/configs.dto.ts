import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { COMMENT_CHARS_MAX, CONFIG_FORMATS, type ConfigFormat, LIST_LIMIT_MAX } from '@quorate/api';
import { IsIn, IsInt, IsOptional, IsString, MaxLength, Min } from 'class-validator';
import { FlagField, TextField, WholeField } from '../rest/query-fields';
import { LongPollQuery, ReadQuery } from '../rest/read-queries';

const VERSION_MAX = 9_999_999_999;

export class PublishBody {
  @ApiProperty({ description: 'the whole document' })
  @IsString()
  content!: string;

  @ApiPropertyOptional({ enum: CONFIG_FORMATS, default: 'text', description: 'checked for well-formedness' })
  @IsOptional() @IsIn(CONFIG_FORMATS)
  format?: ConfigFormat;

  @ApiPropertyOptional({ maxLength: COMMENT_CHARS_MAX })
  @IsOptional() @IsString() @MaxLength(COMMENT_CHARS_MAX)
  comment?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, description: 'the version in force; 0: there must be none' })
  @IsOptional() @IsInt() @Min(0)
  expectedVersion?: number;
}

export class RollbackBody {
  @ApiProperty({ type: 'integer', minimum: 1, description: 'the release whose content comes back' })
  @IsInt() @Min(1)
  version!: number;

  @ApiPropertyOptional({ maxLength: COMMENT_CHARS_MAX })
  @IsOptional() @IsString() @MaxLength(COMMENT_CHARS_MAX)
  comment?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, description: 'the version in force; 0: there must be none' })
  @IsOptional() @IsInt() @Min(0)
  expectedVersion?: number;
}

export class ConfigQuery extends LongPollQuery {
  @FlagField('the bare content instead of JSON')
  raw?: boolean;
}

export class DeleteConfigQuery {
  @WholeField(0, VERSION_MAX, 'the version in force')
  expectedVersion?: number;

  @TextField('why', COMMENT_CHARS_MAX)
  comment?: string;
}

export class HistoryQuery extends ReadQuery {
  @WholeField(1, LIST_LIMIT_MAX, 'at most this many releases; 50 where it is not given')
  limit?: number;

  @TextField('nextCursor of the page before', 1024)
  cursor?: string;
}
