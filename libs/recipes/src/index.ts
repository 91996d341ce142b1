export { changesOf, itemsOf, type Page, type PageOptions, pageOf, type ReadOptions, type Scope, type Snapshot, snapshotOf } from './scope';
export { follow, type FollowBatch, type FollowOptions, presentRevision, waitForChange, waitForRevision } from './follow';
export { type IdempotencyClaim } from './idempotency';
export { type Write, type WriteOptions, Writer, type Written } from './writer';
export { Registry, type RegisterRequest } from './registry';
export { fitsFilter, type InstanceFilter, instanceOf, isHealthy, registryScope } from './instance';
export { ConfigTree, type DeleteConfigRequest, type PublishRequest, type RollbackRequest } from './config-tree';
export { configScope } from './config-item';
export { type NamespaceRequest, Namespaces, namespacesScope } from './namespaces';
export { Sessions } from './sessions';
export { bytesOfText, keyOfText, kvItemOf, kvKeyOf, kvScope } from './kv-text';
export { rfc3339 } from './rfc3339';
export { type KvPutRequest, type KvSelection, RawKv } from './raw-kv';
export {
  rangeOfSelection, type TransactionItem, type TransactionItemResult, type TransactionRequest, type TransactionResult, Transactions,
} from './transactions';
