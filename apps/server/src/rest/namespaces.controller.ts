import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { COMMENT_CHARS_MAX, type List, type Namespace } from '@quorate/api';
import { Namespaces, type WriteOptions } from '@quorate/recipes';
import { IsObject, IsOptional, IsString, MaxLength } from 'class-validator';
import { RequiresAccess } from './access';
import { Answer } from './answer';
import { NamePipe } from './name.pipe';
import { TakesNoQuery } from './no-query';
import { Answers } from './openapi-answers';
import { API_V1 } from './paths';
import { ForceQuery, ListQuery, ReadQuery } from './read-queries';
import { Reader } from './reader';
import { CallerSignal, WriteContext } from './request-parts';
import { RestController } from './rest-controller';
import { IsMapOf } from './validators';

const QUOTAS_MAX = 32;

export class NamespaceBody {
  @ApiPropertyOptional({ maxLength: COMMENT_CHARS_MAX, default: '' })
  @IsOptional() @IsString() @MaxLength(COMMENT_CHARS_MAX)
  description?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'integer' }, description: 'kept, and enforced once quotas are' })
  @IsOptional() @IsObject()
  @IsMapOf((value) => Number.isSafeInteger(value) && (value as number) >= 0, /^[a-z][A-Za-z]{0,63}$/, QUOTAS_MAX, 'a quota is a whole number from 0')
  quotas?: Record<string, number>;
}

@ApiTags('namespaces')
@RestController()
@Controller(`${API_V1}/namespaces`)
export class NamespacesController {
  constructor(private readonly namespaces: Namespaces, private readonly reader: Reader) {}

  @Get()
  @RequiresAccess('read', 'namespaces')
  @ApiOperation({ summary: 'all namespaces; default is always among them' })
  @Answers(200, 'NamespaceList')
  list(@Query() query: ListQuery, @CallerSignal() signal: AbortSignal): Promise<Answer<List<Namespace>>> {
    return this.reader.list(query, undefined, signal, ({ namespace }) => namespace, (options) => this.namespaces.list(options));
  }

  @Get(':ns')
  @RequiresAccess('read', 'namespaces/{ns}')
  @ApiOperation({ summary: 'one namespace' })
  @Answers(200, 'Namespace')
  async get(@Param('ns', NamePipe) namespace: string, @Query() query: ReadQuery, @CallerSignal() signal: AbortSignal): Promise<Answer<Namespace>> {
    const { revision, item } = await this.reader.read(query, signal, (options) => this.namespaces.get(namespace, options));
    return new Answer(revision, item);
  }

  @Put(':ns')
  @TakesNoQuery()
  @RequiresAccess('admin', 'namespaces/{ns}')
  @ApiOperation({ summary: 'make or describe a namespace' })
  @Answers(200, 'Namespace')
  async put(
    @Param('ns', NamePipe) namespace: string, @Body() { description = '', quotas = {} }: NamespaceBody, @WriteContext() options: WriteOptions,
  ): Promise<Answer<Namespace>> {
    const item = await this.namespaces.put(namespace, { description, quotas }, options);
    return new Answer(item.revision ?? '0', item);
  }

  @Delete(':ns')
  @HttpCode(204)
  @RequiresAccess('admin', 'namespaces/{ns}')
  @ApiOperation({ summary: 'delete a namespace; with force=true also what is in it' })
  @Answers(204)
  async delete(@Param('ns', NamePipe) namespace: string, @Query() { force = false }: ForceQuery, @WriteContext() options: WriteOptions): Promise<Answer<undefined>> {
    return new Answer(await this.namespaces.delete(namespace, force, options), undefined);
  }
}
