import {
  type ByteString, type CallContext, type Compare, type ConfigKey, type KvApi, type KvItem, PlatformError, prefixEnd, type RangeRequest,
  type RequestOp, type ResponseOp,
} from '@quorate/api';
import type { ConfigTree, PublishRequest } from './config-tree';
import { kvItemOf } from './kv-text';
import { ATTEMPTS_MAX, type Write, type WriteOptions, type Writer } from './writer';

/** One step of a transaction: a change or a look at raw keys, or a publish. */
export type TransactionItem =
  | { readonly op: 'put'; readonly key: ByteString; readonly value: Buffer; readonly lease: bigint }
  | { readonly op: 'get'; readonly key: ByteString; readonly rangeEnd: ByteString }
  | { readonly op: 'delete'; readonly key: ByteString; readonly rangeEnd: ByteString }
  | { readonly op: 'publish'; readonly config: ConfigKey; readonly request: PublishRequest };

export interface TransactionRequest {
  readonly compare: readonly Compare[];
  readonly then: readonly TransactionItem[];
  readonly else: readonly TransactionItem[];
}

/** What a step did, in the order of the branch that was taken. */
export type TransactionItemResult =
  | { readonly op: 'put' }
  | { readonly op: 'get'; readonly items: readonly KvItem[] }
  | { readonly op: 'delete'; readonly deleted: number }
  | { readonly op: 'publish'; readonly version: number; readonly md5: string };

export interface TransactionResult {
  readonly succeeded: boolean;
  readonly results: readonly TransactionItemResult[];
}

/** A step as operations of the store. */
interface PlannedItem {
  readonly ops: readonly RequestOp[];
  readonly compare: readonly Compare[];
  readonly namespaces: readonly string[];
  resultOf(responses: readonly ResponseOp[]): TransactionItemResult;
}

/** Transactions over raw keys and platform writes, all in one revision. */
export class Transactions {
  private readonly kv: KvApi;

  constructor(private readonly writer: Writer, private readonly configs: ConfigTree) {
    this.kv = writer.kv;
  }

  /**
   * The platform writes among the steps bring conditions of their own (namespaces, versions); they have to hold whichever
   * branch is taken, and their failure refuses the whole.
   * @throws PlatformError `txn_invalid`, `namespace_unknown`, `version_conflict`, `idempotency_conflict`; ApiError `lease_unknown`
   */
  async execute(request: TransactionRequest, options: WriteOptions = {}): Promise<TransactionResult & { readonly revision: number }> {
    const replay = await this.writer.replayOf<TransactionResult>(options);
    if (replay) return { ...replay.result, revision: replay.revision };
    if (!options.idempotency && isReadOnly(request)) return this.read(request, options.context);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const then = await this.plan(request.then, options.context);
      const otherwise = await this.plan(request.else, options.context);
      const written = await this.writer.write<TransactionResult | undefined>(writeOf(request.compare, then, otherwise), options);
      if (written.type === 'refused') continue;
      if (written.result) return { ...written.result, revision: written.revision };
      const result = resultOf(written.responses[0], then, otherwise);
      await this.writer.note(result, options);
      return { ...result, revision: written.revision };
    }
    throw new PlatformError('write_contended');
  }

  private async read(request: TransactionRequest, context?: CallContext): Promise<TransactionResult & { readonly revision: number }> {
    const then = await this.plan(request.then, context);
    const otherwise = await this.plan(request.else, context);
    const response = await this.kv.txn({ compare: request.compare, success: opsOf(then), failure: opsOf(otherwise) }, context);
    return { ...resultOf({ type: 'txn', response }, then, otherwise), revision: response.header.revision };
  }

  private plan(items: readonly TransactionItem[], context?: CallContext): Promise<PlannedItem[]> {
    return Promise.all(items.map((item) => this.planItem(item, context)));
  }

  private async planItem(item: TransactionItem, context?: CallContext): Promise<PlannedItem> {
    switch (item.op) {
      case 'put': {
        const { key, value, lease } = item;
        return planned({ type: 'put', request: { key, value, lease } }, () => ({ op: 'put' }));
      }
      case 'get': {
        const request: RangeRequest = { key: item.key, rangeEnd: item.rangeEnd };
        return planned({ type: 'range', request }, (response) => ({
          op: 'get', items: response?.type === 'range' ? response.response.kvs.map((kv) => kvItemOf(kv)) : [],
        }));
      }
      case 'delete': {
        const request = { key: item.key, rangeEnd: item.rangeEnd };
        return planned({ type: 'deleteRange', request }, (response) => ({
          op: 'delete', deleted: response?.type === 'deleteRange' ? response.response.deleted : 0,
        }));
      }
      case 'publish': {
        const { namespaces, compare, success, result } = await this.configs.preparePublish(item.config, item.request, context);
        return { namespaces, compare, ops: success, resultOf: () => ({ op: 'publish', ...result }) };
      }
    }
  }
}

/** The range of a key or of a prefix; an empty prefix is everything. */
export function rangeOfSelection(select: { readonly key: ByteString } | { readonly prefix: ByteString }): { readonly key: ByteString; readonly rangeEnd: ByteString } {
  if ('key' in select) return { key: select.key, rangeEnd: '' };
  return select.prefix === '' ? { key: '\0', rangeEnd: '\0' } : { key: select.prefix, rangeEnd: prefixEnd(select.prefix) };
}

function planned(op: RequestOp, resultOf: (response: ResponseOp | undefined) => TransactionItemResult): PlannedItem {
  return { ops: [op], compare: [], namespaces: [], resultOf: (responses) => resultOf(responses[0]) };
}

function isReadOnly(request: TransactionRequest): boolean {
  return [...request.then, ...request.else].every((item) => item.op === 'get');
}

function opsOf(items: readonly PlannedItem[]): RequestOp[] {
  return items.flatMap((item) => item.ops);
}

function writeOf(compare: readonly Compare[], then: readonly PlannedItem[], otherwise: readonly PlannedItem[]): Write<undefined> {
  const all = [...then, ...otherwise];
  return {
    namespaces: all.flatMap((item) => item.namespaces),
    compare: all.flatMap((item) => item.compare),
    success: [{ type: 'txn', request: { compare, success: opsOf(then), failure: opsOf(otherwise) } }],
    failure: [], result: undefined,
  };
}

function resultOf(response: ResponseOp | undefined, then: readonly PlannedItem[], otherwise: readonly PlannedItem[]): TransactionResult {
  if (response?.type !== 'txn') throw new PlatformError('internal');
  const { succeeded, responses } = response.response;
  let at = 0;
  const results = (succeeded ? then : otherwise).map((item) => {
    const own = responses.slice(at, at + item.ops.length);
    at += item.ops.length;
    return item.resultOf(own);
  });
  return { succeeded, results };
}
