/**
 * The JSON objects of the platform, as REST answers, lists, transactions and WebSocket frames carry them. Revisions, lease
 * and session ids are decimal strings; versions and everything in seconds are numbers; times are RFC 3339.
 */

/** Of a list. `skipped` counts entries whose stored value could not be read; they are left out. */
export interface List<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
  readonly revision: string;
  readonly skipped?: number;
}

/** One change of one noun, as watchers get it. */
export type Change<K, V> =
  | { readonly op: 'put'; readonly key: K; readonly value: V; readonly revision: string }
  | { readonly op: 'delete'; readonly key: K; readonly revision: string };

export interface Namespace {
  readonly namespace: string;
  readonly description: string;
  /** Largest number of each noun; what is not named is not limited. */
  readonly quotas: Readonly<Record<string, number>>;
  /** Absent: it exists implicitly. */
  readonly revision?: string;
}

export interface InstanceKey {
  readonly namespace: string;
  readonly service: string;
  readonly id: string;
}

export type Health = 'passing' | 'warning' | 'critical';

/** What a process says about itself when it registers. */
export interface Registration {
  /** IP address or host name. */
  readonly address: string;
  readonly port?: number;
  /** By name, instead of `port`. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly weight: number;
  readonly zone?: string;
  readonly version?: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** False: takes no traffic, whatever its health. */
  readonly enabled: boolean;
  /** True: it goes when its lease ends. False: it stays until it is deregistered. */
  readonly ephemeral: boolean;
}

export interface Instance extends InstanceKey, Registration {
  readonly health: Health;
  /** Of ephemeral ones: the lease that heartbeats renew. */
  readonly leaseId?: string;
  /** The session whose lease this is, where it was registered under one. */
  readonly session?: string;
  /** Granted, not asked for. */
  readonly ttlSeconds?: number;
  readonly registeredAt: string;
  readonly revision: string;
}

export interface Heartbeat {
  readonly leaseId: string;
  readonly ttlSeconds: number;
  readonly revision: string;
}

export interface Service {
  readonly namespace: string;
  readonly service: string;
  readonly instances: number;
}

export const CONFIG_FORMATS = ['text', 'json', 'yaml', 'toml', 'properties', 'xml'] as const;
export type ConfigFormat = (typeof CONFIG_FORMATS)[number];

export interface ConfigKey {
  readonly namespace: string;
  readonly group: string;
  readonly key: string;
}

/** What is in force now. */
export interface ConfigItem extends ConfigKey {
  readonly content: string;
  readonly format: ConfigFormat;
  /** Number of the release; grows by one, also over deletions. */
  readonly version: number;
  readonly md5: string;
  readonly comment?: string;
  readonly publishedAt: string;
  readonly publishedBy: string;
  readonly revision: string;
}

export interface PublishResult {
  readonly version: number;
  readonly revision: string;
  readonly md5: string;
}

export interface DeleteConfigResult {
  readonly version: number;
  readonly revision: string;
}

export type ReleaseType = 'published' | 'rolled_back' | 'deleted';

/** One step in the life of a configuration. A deletion has no content, format and md5. */
export interface ConfigRelease extends ConfigKey {
  readonly version: number;
  readonly type: ReleaseType;
  readonly content?: string;
  readonly format?: ConfigFormat;
  readonly md5?: string;
  /** Of a roll-back: the version whose content came back. */
  readonly fromVersion?: number;
  readonly comment?: string;
  readonly publishedAt: string;
  readonly publishedBy: string;
  readonly revision: string;
}

export interface Session {
  /** The id of its lease. */
  readonly session: string;
  readonly ttlSeconds: number;
  readonly owner: string;
  readonly openedAt: string;
  readonly revision: string;
}

export type TextEncoding = 'utf8' | 'base64';

/** A raw key; `keyEncoding` is there where its bytes are not UTF-8. */
export interface KvKey {
  readonly key: string;
  readonly keyEncoding?: 'base64';
}

export interface KvItem extends KvKey {
  readonly value: string;
  readonly encoding: TextEncoding;
  readonly createRevision: string;
  readonly modRevision: string;
  readonly version: number;
  readonly leaseId?: string;
}
