import { Body, Controller, Delete, Get, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ConfigItem, ConfigKey, ConfigRelease, DeleteConfigResult, List, PublishResult } from '@quorate/api';
import { configScope, ConfigTree, type WriteOptions } from '@quorate/recipes';
import type { Response } from 'express';
import { RequiresAccess } from '../rest/access';
import { Answer } from '../rest/answer';
import { cursorOf, cursorText } from '../rest/cursor';
import { NamePipe, VersionPipe } from '../rest/name.pipe';
import { TakesNoQuery } from '../rest/no-query';
import { Answers } from '../rest/openapi-answers';
import { API_V1 } from '../rest/paths';
import { PolledListQuery, ReadQuery } from '../rest/read-queries';
import { Reader } from '../rest/reader';
import { CallerSignal, WriteContext } from '../rest/request-parts';
import { RestController } from '../rest/rest-controller';
import { ANONYMOUS } from '../rest/caller';
import { ConfigQuery, DeleteConfigQuery, HistoryQuery, PublishBody, RollbackBody } from './configs.dto';
import { FormatChecker } from './format/format-checker';
import { contentTypeOf } from './format/content-type';

const CONFIG = 'configs/{ns}/{group}/{key}';
/** Contents are long: their lists come in pages, asked for or not. */
const LIST_LIMIT_DEFAULT = 100;
const HISTORY_LIMIT_DEFAULT = 50;

/** Configurations: publish, read, follow, history and roll-back. */
@ApiTags('configs')
@RestController()
@Controller(`${API_V1}/configs/:ns`)
export class ConfigsController {
  constructor(private readonly configs: ConfigTree, private readonly reader: Reader, private readonly formats: FormatChecker) {}

  @Get()
  @RequiresAccess('read', 'configs/{ns}')
  @ApiOperation({ summary: 'the configurations of a namespace; long poll with afterRevision' })
  @Answers(200, 'ConfigList')
  listNamespace(@Param('ns', NamePipe) namespace: string, @Query() query: PolledListQuery, @CallerSignal() signal: AbortSignal): Promise<Answer<List<ConfigItem>>> {
    return this.list({ namespace, group: '*', key: '*' }, query, signal);
  }

  @Get(':group')
  @RequiresAccess('read', 'configs/{ns}/{group}')
  @ApiOperation({ summary: 'the configurations of a group; long poll with afterRevision' })
  @Answers(200, 'ConfigList')
  listGroup(
    @Param('ns', NamePipe) namespace: string, @Param('group', NamePipe) group: string, @Query() query: PolledListQuery, @CallerSignal() signal: AbortSignal,
  ): Promise<Answer<List<ConfigItem>>> {
    return this.list({ namespace, group, key: '*' }, query, signal);
  }

  @Put(':group/:key')
  @TakesNoQuery()
  @RequiresAccess('write', CONFIG)
  @ApiOperation({ summary: 'publish a release' })
  @Answers(200, 'PublishResult')
  async publish(
    @Param('ns', NamePipe) namespace: string, @Param('group', NamePipe) group: string, @Param('key', NamePipe) key: string,
    @Body() body: PublishBody, @WriteContext() options: WriteOptions,
  ): Promise<Answer<PublishResult>> {
    const { content, format = 'text', comment, expectedVersion } = body;
    await this.formats.check(format, content, 'content');
    const result = await this.configs.publish({ namespace, group, key }, { content, format, comment, expectedVersion, publishedBy: ANONYMOUS }, options);
    return new Answer(result.revision, result);
  }

  @Get(':group/:key')
  @RequiresAccess('read', CONFIG)
  @ApiOperation({ summary: 'what is in force; long poll with afterRevision' })
  @Answers(200, 'ConfigItem')
  async get(
    @Param('ns', NamePipe) namespace: string, @Param('group', NamePipe) group: string, @Param('key', NamePipe) key: string,
    @Query() query: ConfigQuery, @CallerSignal() signal: AbortSignal, @Res({ passthrough: true }) response: Response,
  ): Promise<Answer<ConfigItem | string>> {
    const select = { namespace, group, key };
    const { revision, item } = await this.reader.poll(query, configScope(select), signal, (options) => this.configs.get(select, options));
    if (!query.raw) return new Answer(revision, item);
    response.type(contentTypeOf(item.format));
    return new Answer(revision, item.content);
  }

  @Delete(':group/:key')
  @RequiresAccess('delete', CONFIG)
  @ApiOperation({ summary: 'delete, as a release of its own; numbers go on' })
  @Answers(200, 'DeleteConfigResult')
  async delete(
    @Param('ns', NamePipe) namespace: string, @Param('group', NamePipe) group: string, @Param('key', NamePipe) key: string,
    @Query() { expectedVersion, comment }: DeleteConfigQuery, @WriteContext() options: WriteOptions,
  ): Promise<Answer<DeleteConfigResult>> {
    const result = await this.configs.delete({ namespace, group, key }, { expectedVersion, comment, publishedBy: ANONYMOUS }, options);
    return new Answer(result.revision, result);
  }

  @Get(':group/:key/history')
  @RequiresAccess('read', CONFIG)
  @ApiOperation({ summary: 'releases, newest first' })
  @Answers(200, 'ReleaseList')
  async history(
    @Param('ns', NamePipe) namespace: string, @Param('group', NamePipe) group: string, @Param('key', NamePipe) key: string,
    @Query() query: HistoryQuery, @CallerSignal() signal: AbortSignal,
  ): Promise<Answer<List<ConfigRelease>>> {
    const cursor = query.cursor === undefined ? undefined : cursorOf(query.cursor);
    const limit = query.limit ?? HISTORY_LIMIT_DEFAULT;
    const page = await this.reader.read(query, signal, (options) => this.configs.history({ namespace, group, key }, {
      ...options, limit, ...(cursor && { revision: cursor.revision, beforeVersion: Number(cursor.after) }),
    }));
    const { revision, items, skipped, lowestVersion } = page;
    return new Answer(revision, {
      items, ...(lowestVersion !== undefined && { nextCursor: cursorText({ revision, after: String(lowestVersion) }) }),
      revision: String(revision), ...(skipped > 0 && { skipped }),
    });
  }

  @Get(':group/:key/history/:version')
  @RequiresAccess('read', CONFIG)
  @ApiOperation({ summary: 'one release' })
  @Answers(200, 'ConfigRelease')
  async release(
    @Param('ns', NamePipe) namespace: string, @Param('group', NamePipe) group: string, @Param('key', NamePipe) key: string,
    @Param('version', VersionPipe) version: number, @Query() query: ReadQuery, @CallerSignal() signal: AbortSignal,
  ): Promise<Answer<ConfigRelease>> {
    const { revision, item } = await this.reader.read(query, signal, (options) => this.configs.releaseAt({ namespace, group, key }, version, options));
    return new Answer(revision, item);
  }

  @Post(':group/:key/rollback')
  @TakesNoQuery()
  @RequiresAccess('write', CONFIG)
  @ApiOperation({ summary: 'put an earlier release in force again, as a new one' })
  @Answers(201, 'PublishResult')
  async rollback(
    @Param('ns', NamePipe) namespace: string, @Param('group', NamePipe) group: string, @Param('key', NamePipe) key: string,
    @Body() { version, comment, expectedVersion }: RollbackBody, @WriteContext() options: WriteOptions,
  ): Promise<Answer<PublishResult>> {
    const result = await this.configs.rollback({ namespace, group, key }, { version, comment, expectedVersion, publishedBy: ANONYMOUS }, options);
    return new Answer(result.revision, result);
  }

  private async list(select: ConfigKey, query: PolledListQuery, signal: AbortSignal): Promise<Answer<List<ConfigItem>>> {
    const { q, limit = LIST_LIMIT_DEFAULT } = query;
    const cursor = query.cursor === undefined ? undefined : cursorOf(query.cursor);
    const wanted = q === undefined ? undefined : ({ group, key }: ConfigKey): boolean => `${group}/${key}`.includes(q);
    const { revision, items, skipped, lastKey } = await this.reader.poll(query, configScope(select), signal, (options) => this.configs.page(select, {
      ...options, limit, wanted, ...(cursor && { revision: cursor.revision, afterKey: cursor.after }),
    }));
    return new Answer(revision, {
      items, ...(lastKey !== undefined && { nextCursor: cursorText({ revision, after: lastKey }) }), revision: String(revision), ...(skipped > 0 && { skipped }),
    });
  }
}
