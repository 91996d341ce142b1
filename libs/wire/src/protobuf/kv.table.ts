import { enumField, type FieldSchema, messageField, type MessageSchema, messageSchema, scalarField as field } from './schema';

/** `mvccpb` and the messages of the KV, Watch and Lease services, numbers as in etcd's public .proto files. */

export const responseHeader = messageSchema('etcdserverpb.ResponseHeader', [
  field(1, 'cluster_id', 'uint64Id'),
  field(2, 'member_id', 'uint64Id'),
  field(3, 'revision', 'int64'),
  field(4, 'raft_term', 'uint64'),
]);
export const header: FieldSchema = messageField(1, 'header', () => responseHeader, { required: true });

export const keyValue = messageSchema('mvccpb.KeyValue', [
  field(1, 'key', 'key'),
  field(2, 'create_revision', 'int64'),
  field(3, 'mod_revision', 'int64'),
  field(4, 'version', 'int64'),
  field(5, 'value', 'bytes'),
  field(6, 'lease', 'int64Id'),
], { keepsEncoded: true });

export const event = messageSchema('mvccpb.Event', [
  enumField(1, 'type', ['PUT', 'DELETE']),
  messageField(2, 'kv', () => keyValue, { required: true }),
  messageField(3, 'prev_kv', () => keyValue),
]);

export const rangeRequest = messageSchema('etcdserverpb.RangeRequest', [
  field(1, 'key', 'key'),
  field(2, 'range_end', 'key'),
  field(3, 'limit', 'int64'),
  field(4, 'revision', 'int64'),
  enumField(5, 'sort_order', ['NONE', 'ASCEND', 'DESCEND']),
  enumField(6, 'sort_target', ['KEY', 'VERSION', 'CREATE', 'MOD', 'VALUE']),
  field(7, 'serializable', 'bool'),
  field(8, 'keys_only', 'bool'),
  field(9, 'count_only', 'bool'),
  field(10, 'min_mod_revision', 'int64'),
  field(11, 'max_mod_revision', 'int64'),
  field(12, 'min_create_revision', 'int64'),
  field(13, 'max_create_revision', 'int64'),
]);

export const rangeResponse = messageSchema('etcdserverpb.RangeResponse', [
  header,
  messageField(2, 'kvs', () => keyValue, { repeated: true }),
  field(3, 'more', 'bool'),
  field(4, 'count', 'int64'),
]);

export const putRequest = messageSchema('etcdserverpb.PutRequest', [
  field(1, 'key', 'key'),
  field(2, 'value', 'bytes'),
  field(3, 'lease', 'int64Id'),
  field(4, 'prev_kv', 'bool'),
  field(5, 'ignore_value', 'bool'),
  field(6, 'ignore_lease', 'bool'),
]);

export const putResponse = messageSchema('etcdserverpb.PutResponse', [header, messageField(2, 'prev_kv', () => keyValue)]);

export const deleteRangeRequest = messageSchema('etcdserverpb.DeleteRangeRequest', [
  field(1, 'key', 'key'),
  field(2, 'range_end', 'key'),
  field(3, 'prev_kv', 'bool'),
]);

export const deleteRangeResponse = messageSchema('etcdserverpb.DeleteRangeResponse', [
  header,
  field(2, 'deleted', 'int64'),
  messageField(3, 'prev_kvs', () => keyValue, { repeated: true }),
]);

const request = { oneof: 'request' };
export const requestOp = messageSchema('etcdserverpb.RequestOp', [
  messageField(1, 'request_range', () => rangeRequest, { ...request, variant: 'range' }),
  messageField(2, 'request_put', () => putRequest, { ...request, variant: 'put' }),
  messageField(3, 'request_delete_range', () => deleteRangeRequest, { ...request, variant: 'deleteRange' }),
  messageField(4, 'request_txn', (): MessageSchema => txnRequest, { ...request, variant: 'txn' }),
], { union: { body: 'request', empty: 'empty' } });

const response = { oneof: 'response' };
export const responseOp = messageSchema('etcdserverpb.ResponseOp', [
  messageField(1, 'response_range', () => rangeResponse, { ...response, variant: 'range' }),
  messageField(2, 'response_put', () => putResponse, { ...response, variant: 'put' }),
  messageField(3, 'response_delete_range', () => deleteRangeResponse, { ...response, variant: 'deleteRange' }),
  messageField(4, 'response_txn', (): MessageSchema => txnResponse, { ...response, variant: 'txn' }),
], { union: { body: 'response' } });

const target = { oneof: 'target_union' };
export const compare = messageSchema('etcdserverpb.Compare', [
  enumField(1, 'result', ['EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL']),
  enumField(2, 'target', ['VERSION', 'CREATE', 'MOD', 'VALUE', 'LEASE']),
  field(3, 'key', 'key'),
  field(4, 'version', 'int64', target),
  field(5, 'create_revision', 'int64', target),
  field(6, 'mod_revision', 'int64', target),
  field(7, 'value', 'bytes', target),
  field(8, 'lease', 'int64Id', target),
  field(64, 'range_end', 'key'),
]);

export const txnRequest = messageSchema('etcdserverpb.TxnRequest', [
  messageField(1, 'compare', () => compare, { repeated: true }),
  messageField(2, 'success', () => requestOp, { repeated: true }),
  messageField(3, 'failure', () => requestOp, { repeated: true }),
]);

export const txnResponse = messageSchema('etcdserverpb.TxnResponse', [
  header,
  field(2, 'succeeded', 'bool'),
  messageField(3, 'responses', () => responseOp, { repeated: true }),
]);

export const compactionRequest = messageSchema('etcdserverpb.CompactionRequest', [
  field(1, 'revision', 'int64'),
  field(2, 'physical', 'bool'),
]);
export const compactionResponse = messageSchema('etcdserverpb.CompactionResponse', [header]);

export const watchCreateRequest = messageSchema('etcdserverpb.WatchCreateRequest', [
  field(1, 'key', 'key'),
  field(2, 'range_end', 'key'),
  field(3, 'start_revision', 'int64'),
  field(4, 'progress_notify', 'bool'),
  enumField(5, 'filters', ['NOPUT', 'NODELETE'], { repeated: true }),
  field(6, 'prev_kv', 'bool'),
  field(7, 'watch_id', 'int64'),
  field(8, 'fragment', 'bool'),
]);
export const watchCancelRequest = messageSchema('etcdserverpb.WatchCancelRequest', [field(1, 'watch_id', 'int64')]);
export const watchProgressRequest = messageSchema('etcdserverpb.WatchProgressRequest', []);

const union = { oneof: 'request_union' };
export const watchRequest = messageSchema('etcdserverpb.WatchRequest', [
  messageField(1, 'create_request', () => watchCreateRequest, { ...union, variant: 'create' }),
  messageField(2, 'cancel_request', () => watchCancelRequest, { ...union, variant: 'cancel' }),
  messageField(3, 'progress_request', () => watchProgressRequest, { ...union, variant: 'progress' }),
], { union: { body: 'request', empty: 'empty' } });

export const watchResponse = messageSchema('etcdserverpb.WatchResponse', [
  header,
  field(2, 'watch_id', 'int64'),
  field(3, 'created', 'bool'),
  field(4, 'canceled', 'bool'),
  field(5, 'compact_revision', 'int64'),
  field(6, 'cancel_reason', 'string'),
  field(7, 'fragment', 'bool'),
  messageField(11, 'events', () => event, { repeated: true }),
]);

const id = (number: number): FieldSchema => field(number, 'ID', 'int64Id', { property: 'id' });
const ttl = (number: number): FieldSchema => field(number, 'TTL', 'int64', { property: 'ttlSeconds' });

export const leaseGrantRequest = messageSchema('etcdserverpb.LeaseGrantRequest', [ttl(1), id(2)]);
export const leaseGrantResponse = messageSchema('etcdserverpb.LeaseGrantResponse', [header, id(2), ttl(3), field(4, 'error', 'string')]);
export const leaseRevokeRequest = messageSchema('etcdserverpb.LeaseRevokeRequest', [id(1)]);
export const leaseRevokeResponse = messageSchema('etcdserverpb.LeaseRevokeResponse', [header]);
export const leaseKeepAliveRequest = messageSchema('etcdserverpb.LeaseKeepAliveRequest', [id(1)]);
export const leaseKeepAliveResponse = messageSchema('etcdserverpb.LeaseKeepAliveResponse', [header, id(2), ttl(3)]);
export const leaseTimeToLiveRequest = messageSchema('etcdserverpb.LeaseTimeToLiveRequest', [id(1), field(2, 'keys', 'bool')]);
export const leaseTimeToLiveResponse = messageSchema('etcdserverpb.LeaseTimeToLiveResponse', [
  header,
  id(2),
  ttl(3),
  field(4, 'grantedTTL', 'int64', { property: 'grantedTtlSeconds' }),
  field(5, 'keys', 'key', { repeated: true }),
]);
export const leaseLeasesRequest = messageSchema('etcdserverpb.LeaseLeasesRequest', []);
export const leaseStatus = messageSchema('etcdserverpb.LeaseStatus', [id(1)]);
export const leaseLeasesResponse = messageSchema('etcdserverpb.LeaseLeasesResponse', [
  header,
  messageField(2, 'leases', () => leaseStatus, { repeated: true, property: 'ids', itemProperty: 'id' }),
]);
