import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type KvItem, type List, PlatformError } from '@quorate/api';
import { bytesOfText, type KvSelection, kvScope, RawKv, type TransactionResult, Transactions, type WriteOptions } from '@quorate/recipes';
import { FormatChecker } from '../config-center/format/format-checker';
import { RequiresAccess } from '../rest/access';
import { Answer } from '../rest/answer';
import { cursorOf, cursorText } from '../rest/cursor';
import { TakesNoQuery } from '../rest/no-query';
import { Answers } from '../rest/openapi-answers';
import { API_V1 } from '../rest/paths';
import { revisionOf } from '../rest/query-fields';
import { Reader } from '../rest/reader';
import { CallerSignal, WriteContext } from '../rest/request-parts';
import { RestController } from '../rest/rest-controller';
import { KvDeleteQuery, KvGetQuery, KvPutBody, KvPutQuery, TxnBody, type TxnItemBody } from './kv.dto';
import { selectionOf, singleKeyOf } from './selection';
import { compareOf, itemOf } from './transaction-items';

/** Values may be long: lists come in pages, asked for or not. */
const LIST_LIMIT_DEFAULT = 1000;

type TxnAnswer = TransactionResult & { readonly revision: string };

/** The raw keys of the store as text, and transactions. */
@ApiTags('kv')
@RestController()
@Controller(API_V1)
export class KvController {
  constructor(
    private readonly rawKv: RawKv, private readonly transactions: Transactions, private readonly reader: Reader, private readonly formats: FormatChecker,
  ) {}

  @Get('kv')
  @RequiresAccess('read', 'kv')
  @ApiOperation({ summary: 'one key, or the keys with a prefix; long poll with afterRevision' })
  @Answers(200, 'KvAnswer')
  async get(@Query() query: KvGetQuery, @CallerSignal() signal: AbortSignal): Promise<Answer<KvItem | List<KvItem>>> {
    const select = selectionOf(query);
    const cursor = query.cursor === undefined ? undefined : cursorOf(query.cursor);
    const { encoding, limit = LIST_LIMIT_DEFAULT } = query;
    const page = await this.reader.poll(query, kvScope(select), signal, (options) => this.rawKv.list(select, {
      ...options, encoding, limit, ...(cursor && { revision: cursor.revision, afterKey: cursor.after }),
    }));
    const { revision, items, lastKey } = page;
    if ('prefix' in select) {
      return new Answer(revision, { items, ...(lastKey !== undefined && { nextCursor: cursorText({ revision, after: lastKey }) }), revision: String(revision) });
    }
    const [item] = items;
    if (!item) throw new PlatformError('key_unknown');
    return new Answer(revision, item);
  }

  @Put('kv')
  @RequiresAccess('write', 'kv')
  @ApiOperation({ summary: 'set a key' })
  @Answers(200, 'KvItem')
  async put(@Query() query: KvPutQuery, @Body() body: KvPutBody, @WriteContext() options: WriteOptions): Promise<Answer<KvItem>> {
    if (query.prefix !== undefined) throw new PlatformError('field_unknown', 'a put is for one key', 'prefix');
    const encoding = body.encoding ?? query.encoding ?? 'utf8';
    const leaseId = body.leaseId ?? query.leaseId ?? '0';
    if (!/^(0|[1-9][0-9]{0,18})$/.test(leaseId)) throw new PlatformError('field_invalid', 'a lease id is a decimal number', 'leaseId');
    const item = await this.rawKv.put({
      key: singleKeyOf(query), value: bytesOfText(body.value, encoding, 'value'), lease: BigInt(leaseId),
      expectedModRevision: revisionOf(body.expectedModRevision ?? query.expectedModRevision),
    }, encoding, options);
    return new Answer(item.modRevision, item);
  }

  @Delete('kv')
  @RequiresAccess('delete', 'kv')
  @ApiOperation({ summary: 'delete a key, or all keys with a prefix' })
  @Answers(200, 'KvDeleted')
  async delete(@Query() query: KvDeleteQuery, @WriteContext() options: WriteOptions): Promise<Answer<{ deleted: number; revision: string }>> {
    const select: KvSelection = selectionOf(query);
    const expected = revisionOf(query.expectedModRevision);
    if (expected !== undefined && 'prefix' in select) throw new PlatformError('field_invalid', 'expectedModRevision is for one key', 'expectedModRevision');
    const { deleted, revision } = await this.rawKv.delete(select, expected, options);
    return new Answer(revision, { deleted, revision: String(revision) });
  }

  @Post('txn')
  @HttpCode(200)
  @TakesNoQuery()
  @RequiresAccess('write', 'kv')
  @ApiOperation({ summary: 'several steps in one revision, on conditions' })
  @Answers(200, 'TxnResult')
  async txn(@Body() body: TxnBody, @WriteContext() options: WriteOptions): Promise<Answer<TxnAnswer>> {
    const { if: conditions = [], then = [], else: otherwise = [] } = body;
    const request = {
      compare: conditions.map((condition, at) => compareOf(condition, `if[${at}]`)),
      then: then.map((item, at) => itemOf(item, `then[${at}]`)),
      else: otherwise.map((item, at) => itemOf(item, `else[${at}]`)),
    };
    await this.checkContents(then, 'then');
    await this.checkContents(otherwise, 'else');
    const { succeeded, results, revision } = await this.transactions.execute(request, options);
    return new Answer(revision, { succeeded, results, revision: String(revision) });
  }

  private async checkContents(items: readonly TxnItemBody[], branch: string): Promise<void> {
    for (const [at, { op, format = 'text', content }] of items.entries()) {
      if (op === 'publish' && content !== undefined) await this.formats.check(format, content, `${branch}[${at}].content`);
    }
  }
}
