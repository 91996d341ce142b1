import {
  type CallContext, type Clock, CONFIG_CONTENT_BYTES_MAX, CONFIG_ENCODED_BYTES_MAX, type ConfigFormat, type ConfigItem, type ConfigKey,
  type ConfigRelease, type DeleteConfigResult, type KeyValue, type KvApi, PlatformError, prefixEnd, type PublishResult,
  type RangeRequest, type RequestOp, SortOrder, SortTarget,
} from '@quorate/api';
import { configItemOf, configReleaseOf, configScope, releaseVersionOf, type StoredRelease } from './config-item';
import { configItemKey, configReleaseKey, configReleasesPrefix } from './layout';
import { md5Hex } from './md5';
import { rfc3339 } from './rfc3339';
import { type Page, type PageOptions, pageOf, type ReadOptions, type Snapshot, snapshotOf } from './scope';
import { jsonBytes } from './stored-json';
import { absent, ATTEMPTS_MAX, unchanged, type Write, type WriteOptions, type Writer } from './writer';

export interface PublishRequest {
  readonly content: string;
  readonly format: ConfigFormat;
  readonly comment?: string;
  /** The version that must be in force; 0: none may be. */
  readonly expectedVersion?: number;
  readonly publishedBy: string;
}

export interface DeleteConfigRequest {
  readonly expectedVersion?: number;
  readonly comment?: string;
  readonly publishedBy: string;
}

export interface RollbackRequest {
  /** The release whose content comes back. */
  readonly version: number;
  readonly expectedVersion?: number;
  readonly comment?: string;
  readonly publishedBy: string;
}

/** A release before it has its number. */
type Draft = Omit<StoredRelease, 'version' | 'publishedAt'>;

interface Present {
  /** What lies at the item's key, readable or not. */
  readonly kv: KeyValue | undefined;
  /** The version in force; 0 for none. */
  readonly version: number;
  /** Greatest number that was ever given. */
  readonly latest: number;
}

/**
 * Configurations and their releases. Every publish, roll-back and deletion is a numbered release that is never changed;
 * the numbers of a key grow for ever. The content in force lies beside the releases, at a key of its own, so that readers
 * and watchers touch nothing else.
 */
export class ConfigTree {
  private readonly kv: KvApi;

  constructor(private readonly writer: Writer, private readonly clock: Clock) {
    this.kv = writer.kv;
  }

  /** The configurations in force that fit; each of the names may be a pattern. */
  list(select: { readonly namespace: string; readonly group: string; readonly key: string }, options: ReadOptions = {}): Promise<Snapshot<ConfigItem>> {
    return snapshotOf(this.kv, configScope(select), options);
  }

  /** A part of what {@link list} gives. */
  page(select: { readonly namespace: string; readonly group: string; readonly key: string }, options: PageOptions<ConfigKey>): Promise<Page<ConfigItem>> {
    return pageOf(this.kv, configScope(select), options);
  }

  /** @throws PlatformError `config_unknown`, also where what is stored there is unreadable */
  async get(key: ConfigKey, options: ReadOptions = {}): Promise<{ readonly revision: number; readonly item: ConfigItem }> {
    const { serializable = false, context } = options;
    const response = await this.kv.range({ key: configItemKey(key), serializable }, context);
    const item = response.kvs[0] && configItemOf(key, response.kvs[0]);
    if (!item) throw new PlatformError('config_unknown');
    return { revision: response.header.revision, item };
  }

  /**
   * Puts new content in force. That it is well-formed is for the caller to check.
   * @throws PlatformError `version_conflict`, `content_too_large`, `namespace_unknown`, `write_contended`, `idempotency_conflict`
   */
  publish(key: ConfigKey, request: PublishRequest, options: WriteOptions = {}): Promise<PublishResult> {
    const { content, format, comment, publishedBy } = request;
    return this.release(key, { type: 'published', content, format, md5: contentMd5(content), comment, publishedBy }, request.expectedVersion, options);
  }

  /**
   * Puts the content of an earlier release in force again, as a new release.
   * @throws PlatformError `release_unknown`, also for one that was a deletion, and what {@link publish} throws
   */
  async rollback(key: ConfigKey, request: RollbackRequest, options: WriteOptions = {}): Promise<PublishResult> {
    const replay = await this.writer.replayOf<Omit<PublishResult, 'revision'>>(options);
    if (replay) return { ...replay.result, revision: String(replay.revision) };
    const { item } = await this.releaseAt(key, request.version, options);
    const { content, format, md5, version } = item;
    if (content === undefined || format === undefined || md5 === undefined) {
      throw new PlatformError('release_unknown', `release ${version} is a deletion and has no content`, 'version');
    }
    const { comment, publishedBy } = request;
    return this.release(key, { type: 'rolled_back', content, format, md5, fromVersion: version, comment, publishedBy }, request.expectedVersion, options);
  }

  /** @throws PlatformError `config_unknown`, `version_conflict`, `write_contended`, `idempotency_conflict` */
  async delete(key: ConfigKey, request: DeleteConfigRequest, options: WriteOptions = {}): Promise<DeleteConfigResult> {
    const { comment, publishedBy, expectedVersion } = request;
    const { version, revision } = await this.release(key, { type: 'deleted', comment, publishedBy }, expectedVersion, options);
    return { version, revision };
  }

  /** The releases of a key, newest first, content included. `lowestVersion` is where the next page begins, if there is one. */
  async history(key: ConfigKey, options: ReadOptions & { readonly limit?: number; readonly beforeVersion?: number } = {}): Promise<Snapshot<ConfigRelease> & { readonly lowestVersion: number | undefined }> {
    const { serializable = false, revision = 0, context, limit = 0, beforeVersion } = options;
    const prefix = configReleasesPrefix(key);
    const rangeEnd = beforeVersion === undefined ? prefixEnd(prefix) : configReleaseKey(key, beforeVersion);
    const response = await this.kv.range({
      key: prefix, rangeEnd, serializable, revision, limit, sortOrder: SortOrder.DESCEND, sortTarget: SortTarget.KEY,
    }, context);
    const items: ConfigRelease[] = [];
    for (const kv of response.kvs) {
      const release = configReleaseOf(key, kv);
      if (release) items.push(release);
    }
    return {
      revision: revision > 0 ? revision : response.header.revision, items, skipped: response.kvs.length - items.length,
      lowestVersion: response.more ? response.kvs.map((kv) => releaseVersionOf(key, kv)).findLast((version) => version !== undefined) : undefined,
    };
  }

  /** @throws PlatformError `release_unknown` */
  async releaseAt(key: ConfigKey, version: number, options: ReadOptions = {}): Promise<{ readonly revision: number; readonly item: ConfigRelease }> {
    const { serializable = false, context } = options;
    const response = await this.kv.range({ key: configReleaseKey(key, version), serializable }, context);
    const item = response.kvs[0] && configReleaseOf(key, response.kvs[0]);
    if (!item) throw new PlatformError('release_unknown');
    return { revision: response.header.revision, item };
  }

  /**
   * What a publish would write as things are now, for a transaction that does more. Its conditions hold only as long as
   * nobody else releases the same key.
   * @throws PlatformError `version_conflict`, `content_too_large`
   */
  preparePublish(key: ConfigKey, request: PublishRequest, context?: CallContext): Promise<Write<Omit<PublishResult, 'revision'>>> {
    const { content, format, comment, publishedBy, expectedVersion } = request;
    return this.prepare(key, { type: 'published', content, format, md5: contentMd5(content), comment, publishedBy }, expectedVersion, context);
  }

  private async release(key: ConfigKey, draft: Draft, expectedVersion: number | undefined, options: WriteOptions): Promise<PublishResult> {
    const replay = await this.writer.replayOf<Omit<PublishResult, 'revision'>>(options);
    if (replay) return { ...replay.result, revision: String(replay.revision) };
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const written = await this.writer.write(await this.prepare(key, draft, expectedVersion, options.context), options);
      if (written.type === 'applied') return { ...written.result, revision: String(written.revision) };
    }
    throw new PlatformError('write_contended');
  }

  private async prepare(key: ConfigKey, draft: Draft, expectedVersion: number | undefined, context?: CallContext): Promise<Write<Omit<PublishResult, 'revision'>>> {
    const reads = presentReads(key).map((request): RequestOp => ({ type: 'range', request }));
    const { responses } = await this.kv.txn({ compare: [], success: reads, failure: [] }, context);
    const [items, releases] = responses.map((response) => (response.type === 'range' ? response.response.kvs : []));
    const present = presentOf(key, items?.[0], releases?.[0]);
    refuseWrongVersion(present, draft, expectedVersion);
    return releaseWrite(key, draft, present, rfc3339(this.clock.wallMs()));
  }
}

/** The MD5 of a text's UTF-8 bytes. @throws PlatformError `content_too_large` */
function contentMd5(content: string): string {
  const bytes = Buffer.from(content, 'utf8');
  if (bytes.length > CONFIG_CONTENT_BYTES_MAX) {
    throw new PlatformError('content_too_large', `the content has ${bytes.length} bytes; ${CONFIG_CONTENT_BYTES_MAX} are allowed`, 'content');
  }
  return md5Hex(bytes);
}

/** The item and the last release of a key. */
function presentReads(key: ConfigKey): RangeRequest[] {
  const prefix = configReleasesPrefix(key);
  return [
    { key: configItemKey(key) },
    { key: prefix, rangeEnd: prefixEnd(prefix), limit: 1, keysOnly: true, sortOrder: SortOrder.DESCEND, sortTarget: SortTarget.KEY },
  ];
}

function presentOf(key: ConfigKey, kv: KeyValue | undefined, last: KeyValue | undefined): Present {
  const version = (kv && configItemOf(key, kv)?.version) ?? 0;
  return { kv, version, latest: Math.max(version, (last && releaseVersionOf(key, last)) ?? 0) };
}

function refuseWrongVersion(present: Present, draft: Draft, expectedVersion: number | undefined): void {
  if (draft.type === 'deleted' && present.version === 0) throw new PlatformError('config_unknown');
  if (expectedVersion === undefined || expectedVersion === present.version) return;
  const inForce = present.version === 0 ? 'there is none' : `version ${present.version} is in force`;
  throw new PlatformError('version_conflict', `expected ${expectedVersion === 0 ? 'none' : `version ${expectedVersion}`}, but ${inForce}`, 'expectedVersion');
}

function releaseWrite(key: ConfigKey, draft: Draft, present: Present, publishedAt: string): Write<Omit<PublishResult, 'revision'>> {
  const version = present.latest + 1;
  const { type, content, format, md5, fromVersion, comment, publishedBy } = draft;
  const stored: StoredRelease = { version, type, content, format, md5, fromVersion, comment, publishedAt, publishedBy };
  const value = jsonBytes(stored);
  if (value.length > CONFIG_ENCODED_BYTES_MAX) {
    throw new PlatformError('content_too_large', `the content has ${value.length} bytes as JSON; ${CONFIG_ENCODED_BYTES_MAX} are allowed`, 'content');
  }
  const itemKey = configItemKey(key);
  const releaseKey = configReleaseKey(key, version);
  return {
    namespaces: [key.namespace],
    compare: [unchanged(itemKey, present.kv?.modRevision ?? 0), absent(releaseKey)],
    success: [
      { type: 'put', request: { key: releaseKey, value } },
      type === 'deleted' ? { type: 'deleteRange', request: { key: itemKey } } : { type: 'put', request: { key: itemKey, value } },
    ],
    failure: [],
    result: { version, md5: md5 ?? '' },
  };
}
