import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';

/** Fields of queries, which arrive as text. Each is optional and becomes what its type says. */

const REVISION_PATTERN = /^(0|[1-9][0-9]{0,14})$/;

export function WholeField(least: number, most: number, description: string): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type: 'integer', minimum: least, maximum: most, description }), IsOptional(),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^-?[0-9]{1,15}$/.test(value) ? Number(value) : value)),
    IsInt(), Min(least), Max(most),
  );
}

/** A revision as decimal text; stays text, see {@link revisionOf}. */
export function RevisionField(description: string): PropertyDecorator {
  return applyDecorators(ApiPropertyOptional({ type: 'string', pattern: REVISION_PATTERN.source, description }), IsOptional(), IsString(), Matches(REVISION_PATTERN));
}

export function FlagField(description: string): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type: 'boolean', description }), IsOptional(),
    Transform(({ value }: { value: unknown }) => (value === 'true' || value === '' ? true : value === 'false' ? false : value)), IsBoolean(),
  );
}

export function TextField(description: string, charsMax = 255): PropertyDecorator {
  return applyDecorators(ApiPropertyOptional({ type: 'string', maxLength: charsMax, description }), IsOptional(), IsString(), MaxLength(charsMax));
}

export function revisionOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
