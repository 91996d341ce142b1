import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ADDRESS_CHARS_MAX, METADATA_ENTRIES_MAX, METADATA_KEY_CHARS_MAX, METADATA_VALUE_CHARS_MAX, NAME_PATTERN, PORTS_MAX, TAG_CHARS_MAX, TAGS_MAX,
  TTL_SECONDS_MAX, WEIGHT_MAX,
} from '@quorate/api';
import { ArrayMaxSize, IsArray, IsBoolean, IsInt, IsNumber, IsObject, IsOptional, IsString, Matches, Max, MaxLength, Min, MinLength } from 'class-validator';
import { FlagField, TextField } from '../rest/query-fields';
import { PolledListQuery } from '../rest/read-queries';
import { IsAddress, IsMapOf } from '../rest/validators';

const PORT_MAX = 65_535;
const LEASE_ID_PATTERN = /^[1-9][0-9]{0,18}$/;

const isPort = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= PORT_MAX;
const isMetadataValue = (value: unknown): boolean => typeof value === 'string' && value.length <= METADATA_VALUE_CHARS_MAX;

/** What a process says about itself. */
export class RegisterBody {
  @ApiProperty({ maxLength: ADDRESS_CHARS_MAX, description: 'IP address or host name' })
  @IsString() @IsAddress()
  address!: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: PORT_MAX, description: 'either this or ports' })
  @IsOptional() @IsInt() @Min(1) @Max(PORT_MAX)
  port?: number;

  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'integer' }, description: 'by name' })
  @IsOptional() @IsObject() @IsMapOf(isPort, NAME_PATTERN, PORTS_MAX, 'a port is a whole number from 1 to 65535')
  ports?: Record<string, number>;

  @ApiPropertyOptional({ type: 'number', minimum: 0, maximum: WEIGHT_MAX, default: 1 })
  @IsOptional() @IsNumber() @Min(0) @Max(WEIGHT_MAX)
  weight?: number;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source })
  @IsOptional() @IsString() @Matches(NAME_PATTERN)
  zone?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source })
  @IsOptional() @IsString() @Matches(NAME_PATTERN)
  version?: string;

  @ApiPropertyOptional({ type: [String], maxItems: TAGS_MAX })
  @IsOptional() @IsArray() @ArrayMaxSize(TAGS_MAX) @IsString({ each: true }) @MinLength(1, { each: true }) @MaxLength(TAG_CHARS_MAX, { each: true })
  tags?: string[];

  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' } })
  @IsOptional() @IsObject()
  @IsMapOf(isMetadataValue, new RegExp(`^.{1,${METADATA_KEY_CHARS_MAX}}$`, 's'), METADATA_ENTRIES_MAX, `a value is text of at most ${METADATA_VALUE_CHARS_MAX} characters`)
  metadata?: Record<string, string>;

  @ApiPropertyOptional({ type: 'boolean', default: true, description: 'false: takes no traffic' })
  @IsOptional() @IsBoolean()
  enabled?: boolean;

  @ApiPropertyOptional({ type: 'boolean', default: true, description: 'false: stays until it is deregistered, without heartbeats' })
  @IsOptional() @IsBoolean()
  ephemeral?: boolean;

  @ApiPropertyOptional({ pattern: LEASE_ID_PATTERN.source, description: 'the session whose lease carries the instance, instead of ttlSeconds' })
  @IsOptional() @IsString() @Matches(LEASE_ID_PATTERN)
  session?: string;

  @ApiPropertyOptional({ type: 'integer', maximum: TTL_SECONDS_MAX, default: 15, description: 'not below the lease minimum in force' })
  @IsOptional() @IsInt() @Max(TTL_SECONDS_MAX)
  ttlSeconds?: number;
}

export class HeartbeatQuery {
  @ApiProperty({ pattern: LEASE_ID_PATTERN.source, description: 'as answered to the registration' })
  @IsString() @Matches(LEASE_ID_PATTERN)
  leaseId!: string;
}

export class DeregisterQuery {
  @ApiPropertyOptional({ pattern: LEASE_ID_PATTERN.source, description: 'only this registration; without it: whichever there is' })
  @IsOptional() @IsString() @Matches(LEASE_ID_PATTERN)
  leaseId?: string;
}

export class InstancesQuery extends PolledListQuery {
  @FlagField('true: enabled and not critical; false: the others')
  healthy?: boolean;

  @TextField('of this zone')
  zone?: string;

  @TextField('with this tag')
  tag?: string;

  @TextField('of this version')
  version?: string;
}
