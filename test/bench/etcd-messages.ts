import { bytesField, grpcMessage, headerRevision, messageField, MessageReader, varintField } from './protobuf';

/** Full method names, which are the `:path` of the calls. */
export const Method = {
  range: '/etcdserverpb.KV/Range',
  put: '/etcdserverpb.KV/Put',
  txn: '/etcdserverpb.KV/Txn',
  leaseGrant: '/etcdserverpb.Lease/LeaseGrant',
  leaseKeepAlive: '/etcdserverpb.Lease/LeaseKeepAlive',
  watch: '/etcdserverpb.Watch/Watch',
} as const;

/** Compare.CompareResult and Compare.CompareTarget as far as used. */
const COMPARE_LESS = 2;
const COMPARE_CREATE_REVISION = 1;
const EVENT_PUT = 0;

export function rangeRequest(key: Uint8Array, serializable: boolean): Buffer {
  return serializable ? grpcMessage(bytesField(1, key), varintField(7, 1)) : grpcMessage(bytesField(1, key));
}

export function putRequest(key: Uint8Array, value: Uint8Array): Buffer {
  return grpcMessage(bytesField(1, key), bytesField(2, value));
}

/** If the key's create revision is below 2^53 - 1, which is always so, then put. */
export function comparePutRequest(key: Uint8Array, value: Uint8Array): Buffer {
  return grpcMessage(
    messageField(
      1,
      varintField(1, COMPARE_LESS),
      varintField(2, COMPARE_CREATE_REVISION),
      bytesField(3, key),
      varintField(5, Number.MAX_SAFE_INTEGER),
    ),
    messageField(2, messageField(2, bytesField(1, key), bytesField(2, value))),
  );
}

export function leaseGrantRequest(id: number, ttlSeconds: number): Buffer {
  return grpcMessage(varintField(1, ttlSeconds), varintField(2, id));
}

export function leaseKeepAliveRequest(id: number): Buffer {
  return grpcMessage(varintField(1, id));
}

export function watchCreateRequest(key: Uint8Array, watchId: number): Buffer {
  return grpcMessage(messageField(1, bytesField(1, key), varintField(7, watchId)));
}

const reader = new MessageReader();
const eventReader = new MessageReader();
const kvReader = new MessageReader();

/** The store revision in a response's header, 0 if there is none. */
export function responseRevision(bytes: Uint8Array, start: number, end: number): number {
  reader.open(bytes, start, end);
  while (reader.next()) if (reader.field === 1) return headerRevision(bytes, reader.start, reader.end);
  return 0;
}

/** True if a RangeResponse holds exactly one key with a value of `valueBytes`, and says so in its count. */
export function isSingleKeyAnswer(bytes: Uint8Array, start: number, end: number, valueBytes: number): boolean {
  let keys = 0;
  let count = 0;
  let length = 0;
  reader.open(bytes, start, end);
  while (reader.next()) {
    if (reader.field === 4) {
      count = reader.value;
    } else if (reader.field === 2) {
      keys++;
      kvReader.open(bytes, reader.start, reader.end);
      while (kvReader.next()) if (kvReader.field === 5) length = kvReader.end - kvReader.start;
    }
  }
  return keys === 1 && count === 1 && length === valueBytes;
}

/** True if a TxnResponse took the success branch and wrote at a revision. */
export function isSucceededTxn(bytes: Uint8Array, start: number, end: number): boolean {
  let succeeded = false;
  let responses = 0;
  let revision = 0;
  reader.open(bytes, start, end);
  while (reader.next()) {
    if (reader.field === 1) revision = headerRevision(bytes, reader.start, reader.end);
    else if (reader.field === 2) succeeded = reader.value === 1;
    else if (reader.field === 3) responses++;
  }
  return succeeded && responses === 1 && revision > 1;
}

/** True if a LeaseGrantResponse or LeaseKeepAliveResponse is about lease `id` and leaves it time (an expired lease has TTL 0). */
export function isLiveLease(bytes: Uint8Array, start: number, end: number, id: number): boolean {
  let answeredId = 0;
  let ttlSeconds = 0;
  reader.open(bytes, start, end);
  while (reader.next()) {
    if (reader.field === 2) answeredId = reader.value;
    else if (reader.field === 3) ttlSeconds = reader.value;
  }
  return answeredId === id && ttlSeconds > 0;
}

export interface WatchVisitor {
  onCreated(watchId: number): void;
  onCanceled(watchId: number, reason: string): void;
  /** A PUT event; its value is bytes[valueStart, valueEnd). */
  onPut(watchId: number, modRevision: number, bytes: Uint8Array, valueStart: number, valueEnd: number): void;
  /** An event of any other type. */
  onOther(watchId: number): void;
}

/** Reports what a WatchResponse holds. */
export function visitWatchResponse(bytes: Uint8Array, start: number, end: number, visitor: WatchVisitor): void {
  let watchId = 0;
  reader.open(bytes, start, end);
  while (reader.next()) {
    if (reader.field === 2) watchId = reader.value;
    else if (reader.field === 3 && reader.value === 1) visitor.onCreated(watchId);
    else if (reader.field === 4 && reader.value === 1) visitor.onCanceled(watchId, cancelReason(bytes, start, end));
    else if (reader.field === 11) visitEvent(watchId, bytes, reader.start, reader.end, visitor);
  }
}

function cancelReason(bytes: Uint8Array, start: number, end: number): string {
  eventReader.open(bytes, start, end);
  while (eventReader.next()) {
    if (eventReader.field === 6) return Buffer.from(bytes.subarray(eventReader.start, eventReader.end)).toString();
  }
  return '';
}

function visitEvent(watchId: number, bytes: Uint8Array, start: number, end: number, visitor: WatchVisitor): void {
  let type = EVENT_PUT;
  let modRevision = 0;
  let valueStart = 0;
  let valueEnd = 0;
  eventReader.open(bytes, start, end);
  while (eventReader.next()) {
    if (eventReader.field === 1) {
      type = eventReader.value;
    } else if (eventReader.field === 2) {
      kvReader.open(bytes, eventReader.start, eventReader.end);
      while (kvReader.next()) {
        if (kvReader.field === 3) {
          modRevision = kvReader.value;
        } else if (kvReader.field === 5) {
          valueStart = kvReader.start;
          valueEnd = kvReader.end;
        }
      }
    }
  }
  if (type === EVENT_PUT) visitor.onPut(watchId, modRevision, bytes, valueStart, valueEnd);
  else visitor.onOther(watchId);
}
