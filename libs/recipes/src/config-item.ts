import { CONFIG_FORMATS, type ConfigFormat, type ConfigItem, type ConfigKey, type ConfigRelease, type KeyValue, type ReleaseType } from '@quorate/api';
import { CONFIG_ITEMS_PREFIX, configReleasesPrefix } from './layout';
import { nameRange, type Scope } from './scope';
import { isOptional, isText, isWhole, type JsonObject, storedObject } from './stored-json';

/** What is stored of a release; the current item repeats that of its release. Names and revision come from the key. */
export interface StoredRelease {
  readonly version: number;
  readonly type: ReleaseType;
  readonly content?: string;
  readonly format?: ConfigFormat;
  readonly md5?: string;
  readonly fromVersion?: number;
  readonly comment?: string;
  readonly publishedAt: string;
  readonly publishedBy: string;
}

const RELEASE_TYPES: readonly string[] = ['published', 'rolled_back', 'deleted'] satisfies ReleaseType[];

/** Current configurations by namespace, group and key, each of them a name, `*`, or a beginning with `*`. */
export function configScope(select: { readonly namespace: string; readonly group: string; readonly key: string }): Scope<ConfigKey, ConfigItem> {
  const { namespace, group, key } = select;
  const range = nameRange(CONFIG_ITEMS_PREFIX, { namespace, group, key });
  return {
    key: range.key,
    rangeEnd: range.rangeEnd,
    keyOf: (storeKey) => {
      const names = range.namesOf(storeKey);
      return names && { namespace: names[0] as string, group: names[1] as string, key: names[2] as string };
    },
    valueOf: configItemOf,
  };
}

/** The current configuration stored at a key; `undefined` where it is none. */
export function configItemOf(key: ConfigKey, kv: KeyValue): ConfigItem | undefined {
  const stored = storedRelease(kv);
  if (!stored || stored.content === undefined || stored.format === undefined || stored.md5 === undefined) return undefined;
  const { version, content, format, md5, comment, publishedAt, publishedBy } = stored;
  return {
    namespace: key.namespace, group: key.group, key: key.key, content, format, version, md5,
    ...(comment !== undefined && { comment }), publishedAt, publishedBy, revision: String(kv.modRevision),
  };
}

/** The release stored at a key below {@link configReleasesPrefix}; `undefined` where it is none. */
export function configReleaseOf(key: ConfigKey, kv: KeyValue): ConfigRelease | undefined {
  const stored = storedRelease(kv);
  if (!stored || stored.version !== releaseVersionOf(key, kv)) return undefined;
  const { version, type, content, format, md5, fromVersion, comment, publishedAt, publishedBy } = stored;
  return {
    namespace: key.namespace, group: key.group, key: key.key, version, type,
    ...(content !== undefined && { content }), ...(format !== undefined && { format }), ...(md5 !== undefined && { md5 }),
    ...(fromVersion !== undefined && { fromVersion }), ...(comment !== undefined && { comment }),
    publishedAt, publishedBy, revision: String(kv.modRevision),
  };
}

/** The number in a release's key, whatever is stored there; `undefined` where the key is none of a release. */
export function releaseVersionOf(key: ConfigKey, kv: KeyValue): number | undefined {
  const digits = kv.key.slice(configReleasesPrefix(key).length);
  return /^[0-9]{10}$/.test(digits) ? Number(digits) : undefined;
}

function storedRelease(kv: KeyValue): StoredRelease | undefined {
  const stored = storedObject(kv);
  return stored && isStoredRelease(stored) ? stored : undefined;
}

function isStoredRelease(value: JsonObject): value is JsonObject & StoredRelease {
  const { version, type, content, format, md5, fromVersion, comment, publishedAt, publishedBy } = value;
  return isWhole(version) && version > 0 && isText(type) && RELEASE_TYPES.includes(type)
    && isOptional(content, isText) && (format === undefined || (CONFIG_FORMATS as readonly unknown[]).includes(format))
    && isOptional(md5, isText) && isOptional(fromVersion, isWhole) && isOptional(comment, isText)
    && isText(publishedAt) && isText(publishedBy);
}
