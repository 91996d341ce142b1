import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { CONFIG_FORMATS, type ConfigFormat, LIST_LIMIT_MAX, type TextEncoding } from '@quorate/api';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsInt, IsOptional, IsString, Matches, Min, ValidateNested } from 'class-validator';
import { RevisionField, TextField, WholeField } from '../rest/query-fields';
import { LongPollQuery } from '../rest/read-queries';

const ENCODINGS: readonly TextEncoding[] = ['utf8', 'base64'];
const LEASE_ID_PATTERN = /^[1-9][0-9]{0,18}$/;
const KEY_CHARS_MAX = 8192;
/** Below the store's own limit, because some steps are two operations and every transaction brings conditions of its own. */
export const TXN_ITEMS_MAX = 48;

/** Which keys. */
export class KvSelectQuery {
  @TextField('one key', KEY_CHARS_MAX)
  key?: string;

  @TextField('all keys with this prefix; empty: all', KEY_CHARS_MAX)
  prefix?: string;

  @ApiPropertyOptional({ enum: ENCODINGS, default: 'utf8', description: 'how key or prefix is written here' })
  @IsOptional() @IsIn(ENCODINGS)
  keyEncoding?: TextEncoding;
}

export class KvGetQuery extends LongPollQuery {
  @TextField('one key', KEY_CHARS_MAX)
  key?: string;

  @TextField('all keys with this prefix; empty: all', KEY_CHARS_MAX)
  prefix?: string;

  @ApiPropertyOptional({ enum: ENCODINGS, default: 'utf8', description: 'how key or prefix is written here' })
  @IsOptional() @IsIn(ENCODINGS)
  keyEncoding?: TextEncoding;

  @ApiPropertyOptional({ enum: ENCODINGS, description: 'how values are told; without it: utf8 where they are UTF-8' })
  @IsOptional() @IsIn(ENCODINGS)
  encoding?: TextEncoding;

  @WholeField(1, LIST_LIMIT_MAX, 'at most this many keys')
  limit?: number;

  @TextField('nextCursor of the page before', 16_384)
  cursor?: string;
}

export class KvPutQuery extends KvSelectQuery {
  @ApiPropertyOptional({ enum: ENCODINGS, default: 'utf8' })
  @IsOptional() @IsIn(ENCODINGS)
  encoding?: TextEncoding;

  @RevisionField('of the change in force; 0: the key must not exist')
  expectedModRevision?: string;

  @TextField('attach the key to this lease')
  leaseId?: string;
}

export class KvDeleteQuery extends KvSelectQuery {
  @RevisionField('of the change in force; with key only')
  expectedModRevision?: string;
}

export class KvPutBody {
  @ApiProperty()
  @IsString()
  value!: string;

  @ApiPropertyOptional({ enum: ENCODINGS, default: 'utf8', description: 'how the value is written here' })
  @IsOptional() @IsIn(ENCODINGS)
  encoding?: TextEncoding;

  @RevisionField('of the change in force; 0: the key must not exist')
  expectedModRevision?: string;

  @ApiPropertyOptional({ pattern: LEASE_ID_PATTERN.source })
  @IsOptional() @IsString() @Matches(LEASE_ID_PATTERN)
  leaseId?: string;
}

export const COMPARE_TARGETS = ['version', 'createRevision', 'modRevision', 'value', 'leaseId'] as const;
export const COMPARE_OPERATORS = ['==', '!=', '>', '<'] as const;
export const TXN_OPS = ['put', 'get', 'delete', 'publish'] as const;

export class TxnConditionBody {
  @ApiPropertyOptional({ description: 'either this or prefix' })
  @IsOptional() @IsString()
  key?: string;

  @ApiPropertyOptional({ description: 'the condition holds for every key with this prefix' })
  @IsOptional() @IsString()
  prefix?: string;

  @ApiPropertyOptional({ enum: ENCODINGS, default: 'utf8' })
  @IsOptional() @IsIn(ENCODINGS)
  keyEncoding?: TextEncoding;

  @ApiProperty({ enum: COMPARE_TARGETS })
  @IsIn(COMPARE_TARGETS)
  target!: (typeof COMPARE_TARGETS)[number];

  @ApiPropertyOptional({ enum: COMPARE_OPERATORS, default: '==' })
  @IsOptional() @IsIn(COMPARE_OPERATORS)
  operator?: (typeof COMPARE_OPERATORS)[number];

  @ApiProperty({ description: 'decimal text, but for the value itself; a key that does not exist has zeros' })
  @IsString()
  value!: string;

  @ApiPropertyOptional({ enum: ENCODINGS, default: 'utf8', description: 'of a value' })
  @IsOptional() @IsIn(ENCODINGS)
  encoding?: TextEncoding;
}

export class TxnItemBody {
  @ApiProperty({ enum: TXN_OPS })
  @IsIn(TXN_OPS)
  op!: (typeof TXN_OPS)[number];

  @ApiPropertyOptional({ description: 'of put, get, delete and publish' })
  @IsOptional() @IsString()
  key?: string;

  @ApiPropertyOptional({ description: 'of get and delete, instead of key' })
  @IsOptional() @IsString()
  prefix?: string;

  @ApiPropertyOptional({ enum: ENCODINGS, default: 'utf8' })
  @IsOptional() @IsIn(ENCODINGS)
  keyEncoding?: TextEncoding;

  @ApiPropertyOptional({ description: 'of put' })
  @IsOptional() @IsString()
  value?: string;

  @ApiPropertyOptional({ enum: ENCODINGS, default: 'utf8', description: 'of put' })
  @IsOptional() @IsIn(ENCODINGS)
  encoding?: TextEncoding;

  @ApiPropertyOptional({ pattern: LEASE_ID_PATTERN.source, description: 'of put' })
  @IsOptional() @IsString() @Matches(LEASE_ID_PATTERN)
  leaseId?: string;

  @ApiPropertyOptional({ description: 'of publish' })
  @IsOptional() @IsString()
  namespace?: string;

  @ApiPropertyOptional({ description: 'of publish' })
  @IsOptional() @IsString()
  group?: string;

  @ApiPropertyOptional({ description: 'of publish' })
  @IsOptional() @IsString()
  content?: string;

  @ApiPropertyOptional({ enum: CONFIG_FORMATS, default: 'text', description: 'of publish' })
  @IsOptional() @IsIn(CONFIG_FORMATS)
  format?: ConfigFormat;

  @ApiPropertyOptional({ description: 'of publish' })
  @IsOptional() @IsString()
  comment?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, description: 'of publish' })
  @IsOptional() @IsInt() @Min(0)
  expectedVersion?: number;
}

export class TxnBody {
  @ApiPropertyOptional({ type: [TxnConditionBody], maxItems: TXN_ITEMS_MAX, description: 'all have to hold' })
  @IsOptional() @IsArray() @ArrayMaxSize(TXN_ITEMS_MAX) @ValidateNested({ each: true }) @Type(() => TxnConditionBody)
  if?: TxnConditionBody[];

  @ApiPropertyOptional({ type: [TxnItemBody], maxItems: TXN_ITEMS_MAX })
  @IsOptional() @IsArray() @ArrayMaxSize(TXN_ITEMS_MAX) @ValidateNested({ each: true }) @Type(() => TxnItemBody)
  then?: TxnItemBody[];

  @ApiPropertyOptional({ type: [TxnItemBody], maxItems: TXN_ITEMS_MAX })
  @IsOptional() @IsArray() @ArrayMaxSize(TXN_ITEMS_MAX) @ValidateNested({ each: true }) @Type(() => TxnItemBody)
  else?: TxnItemBody[];
}
