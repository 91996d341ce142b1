import {
  type CallContext, DEFAULT_NAMESPACE, type KeyValue, type KvApi, type Namespace, PlatformError, prefixEnd, type RequestOp,
} from '@quorate/api';
import { namespaceKey, namespacePrefixes, NAMESPACES_PREFIX } from './layout';
import { nameRange, type ReadOptions, type Scope, type Snapshot, snapshotOf } from './scope';
import { isNumberMap, isText, jsonBytes, storedObject } from './stored-json';
import { absent, ATTEMPTS_MAX, exists, type WriteOptions, type Writer } from './writer';

export interface NamespaceRequest {
  readonly description: string;
  readonly quotas: Readonly<Record<string, number>>;
}

/** Namespaces that were made; the default one is not among them unless somebody described it. */
export function namespacesScope(): Scope<{ readonly namespace: string }, Namespace> {
  const range = nameRange(NAMESPACES_PREFIX, { namespace: '*' });
  return {
    key: range.key,
    rangeEnd: range.rangeEnd,
    keyOf: (key) => {
      const names = range.namesOf(key);
      return names && { namespace: names[0] as string };
    },
    valueOf: ({ namespace }, kv) => namespaceOf(namespace, kv),
  };
}

/** Namespaces of the platform's nouns. */
export class Namespaces {
  private readonly kv: KvApi;

  constructor(private readonly writer: Writer) {
    this.kv = writer.kv;
  }

  async list(options: ReadOptions = {}): Promise<Snapshot<Namespace>> {
    const snapshot = await snapshotOf(this.kv, namespacesScope(), options);
    if (snapshot.items.some(({ namespace }) => namespace === DEFAULT_NAMESPACE)) return snapshot;
    const items = [...snapshot.items, implicitNamespace()].sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
    return { ...snapshot, items };
  }

  /** @throws PlatformError `namespace_unknown` */
  async get(namespace: string, options: ReadOptions = {}): Promise<{ readonly revision: number; readonly item: Namespace }> {
    const { serializable = false, context } = options;
    const response = await this.kv.range({ key: namespaceKey(namespace), serializable }, context);
    const stored = response.kvs[0] && namespaceOf(namespace, response.kvs[0]);
    const item = stored ?? (namespace === DEFAULT_NAMESPACE ? implicitNamespace() : undefined);
    if (!item) throw new PlatformError('namespace_unknown');
    return { revision: response.header.revision, item };
  }

  async put(namespace: string, request: NamespaceRequest, options: WriteOptions = {}): Promise<Namespace> {
    const { description, quotas } = request;
    const written = await this.writer.write({
      namespaces: [], compare: [], failure: [], result: { namespace, description, quotas },
      success: [{ type: 'put', request: { key: namespaceKey(namespace), value: jsonBytes({ description, quotas }) } }],
    }, options);
    if (written.type === 'refused') throw new PlatformError('write_contended');
    return { ...written.result, revision: String(written.revision) };
  }

  /**
   * Deletes a namespace.
   * @param force with everything in it, history included
   * @returns the revision
   * @throws PlatformError `namespace_unknown`, `namespace_not_empty`, `namespace_implicit`
   */
  async delete(namespace: string, force: boolean, options: WriteOptions = {}): Promise<number> {
    if (namespace === DEFAULT_NAMESPACE) throw new PlatformError('namespace_implicit');
    const key = namespaceKey(namespace);
    const ranges = namespacePrefixes(namespace).map((prefix) => ({ key: prefix, rangeEnd: prefixEnd(prefix) }));
    const deletions = [{ key }, ...(force ? ranges : [])].map((request): RequestOp => ({ type: 'deleteRange', request }));
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const written = await this.writer.write({
        namespaces: [],
        compare: [exists(key), ...(force ? [] : ranges.map((range) => ({ ...absent(range.key), rangeEnd: range.rangeEnd })))],
        success: deletions, failure: [{ key }], result: {},
      }, options);
      if (written.type === 'applied') return written.revision;
      if (written.reads[0]?.kvs.length === 0) throw new PlatformError('namespace_unknown');
      if (!force) throw new PlatformError('namespace_not_empty');
    }
    throw new PlatformError('write_contended');
  }

  /** @throws PlatformError `namespace_unknown` */
  async require(namespace: string, context?: CallContext): Promise<void> {
    if (namespace !== DEFAULT_NAMESPACE) await this.get(namespace, context === undefined ? {} : { context });
  }
}

function implicitNamespace(): Namespace {
  return { namespace: DEFAULT_NAMESPACE, description: '', quotas: {} };
}

function namespaceOf(namespace: string, kv: KeyValue): Namespace | undefined {
  const stored = storedObject(kv);
  const description = stored?.['description'];
  const quotas = stored?.['quotas'];
  if (!isText(description) || !isNumberMap(quotas)) return undefined;
  return { namespace, description, quotas, revision: String(kv.modRevision) };
}
