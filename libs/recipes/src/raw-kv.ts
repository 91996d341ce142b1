import { type ByteString, type KvApi, type KvItem, PlatformError, type TextEncoding } from '@quorate/api';
import { kvItemOf, kvScope } from './kv-text';
import { onlyKey } from './stored-json';
import { type ReadOptions, type Snapshot, itemsOf } from './scope';
import { unchanged, type WriteOptions, type Writer } from './writer';

export type KvSelection = { readonly key: ByteString } | { readonly prefix: ByteString };

export interface KvPutRequest {
  readonly key: ByteString;
  readonly value: Buffer;
  /** The revision of the last change that must be in force; 0: the key must not exist. */
  readonly expectedModRevision?: number;
  readonly lease: bigint;
}

/** Keys of the store as text. */
export class RawKv {
  private readonly kv: KvApi;

  constructor(private readonly writer: Writer) {
    this.kv = writer.kv;
  }

  /** @param afterKey only what comes after this key, in byte order */
  async list(select: KvSelection, options: ReadOptions & { readonly encoding?: TextEncoding; readonly limit?: number; readonly afterKey?: ByteString } = {}): Promise<Snapshot<KvItem> & { readonly lastKey: ByteString | undefined }> {
    const { serializable = false, revision = 0, encoding, limit = 0, afterKey, context } = options;
    const scope = kvScope(select, encoding);
    const key = afterKey === undefined || afterKey < scope.key ? scope.key : `${afterKey}\0`;
    const response = await this.kv.range({ key, rangeEnd: scope.rangeEnd, serializable, revision, limit }, context);
    return {
      ...itemsOf(scope, response.kvs), revision: revision > 0 ? revision : response.header.revision,
      lastKey: response.more ? response.kvs.at(-1)?.key : undefined,
    };
  }

  /** @throws PlatformError `revision_conflict`, `idempotency_conflict`; ApiError `lease_unknown` */
  async put(request: KvPutRequest, encoding: TextEncoding, options: WriteOptions = {}): Promise<KvItem> {
    const replay = await this.writer.replayOf<KvItem>(options);
    if (replay) return replay.result;
    const { key, value, expectedModRevision, lease } = request;
    const written = await this.writer.write<KvItem | undefined>({
      namespaces: [], compare: expectedModRevision === undefined ? [] : [unchanged(key, expectedModRevision)],
      success: [{ type: 'put', request: { key, value, lease, prevKv: true } }], failure: [onlyKey(key)], result: undefined,
    }, options);
    if (written.type === 'refused') throw revisionConflict(written.reads[0]?.kvs[0]?.modRevision);
    if (written.result) return written.result;
    const [response] = written.responses;
    const before = response?.type === 'put' ? response.response.prevKv : undefined;
    const { revision } = written;
    const item = kvItemOf({
      key, value, lease, modRevision: revision, createRevision: before?.createRevision ?? revision, version: (before?.version ?? 0) + 1, encoded: value,
    }, encoding);
    await this.writer.note(item, options);
    return item;
  }

  /** @throws PlatformError `revision_conflict`, `idempotency_conflict` */
  async delete(select: KvSelection, expectedModRevision: number | undefined, options: WriteOptions = {}): Promise<{ readonly deleted: number; readonly revision: number }> {
    const replay = await this.writer.replayOf<{ readonly deleted: number }>(options);
    if (replay) return { ...replay.result, revision: replay.revision };
    const { key, rangeEnd } = kvScope(select);
    const written = await this.writer.write<{ readonly deleted: number } | undefined>({
      namespaces: [], compare: expectedModRevision === undefined ? [] : [unchanged(key, expectedModRevision)],
      success: [{ type: 'deleteRange', request: { key, rangeEnd } }], failure: [onlyKey(key)], result: undefined,
    }, options);
    if (written.type === 'refused') throw revisionConflict(written.reads[0]?.kvs[0]?.modRevision);
    if (written.result) return { ...written.result, revision: written.revision };
    const [response] = written.responses;
    const result = { deleted: response?.type === 'deleteRange' ? response.response.deleted : 0 };
    await this.writer.note(result, options);
    return { ...result, revision: written.revision };
  }
}

function revisionConflict(modRevision: number | undefined): PlatformError {
  const now = modRevision === undefined ? 'the key does not exist' : `its last change has revision ${modRevision}`;
  return new PlatformError('revision_conflict', `expected another revision: ${now}`, 'expectedModRevision');
}
