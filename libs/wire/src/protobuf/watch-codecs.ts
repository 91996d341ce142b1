import type { KeyValue, WatchEvent } from '@quorate/api';
import { makeCodec } from './codec';
import { readHeader, readKeyValue, RESPONSE_OVERHEAD_BYTES, writeHeader, writeKeyValue, ZERO_HEADER } from './header';
import * as table from './kv.table';
import type { WatchCreateRequest, WatchStreamRequest, WatchStreamResponse } from './messages';
import { EMPTY_BYTES, type Reader } from './reader';
import { readBySchema } from './schema-codec';
import type { ReverseWriter } from './writer';

/** The two halves of a watch stream. Tags are `number << 3 | wire type`. */

const EMPTY_KEY_VALUE: KeyValue = {
  key: '', createRevision: 0, modRevision: 0, version: 0, value: EMPTY_BYTES, lease: 0n, encoded: EMPTY_BYTES,
};

function readEvent(reader: Reader): WatchEvent {
  const outer = reader.enter();
  let type: 0 | 1 = 0;
  let kv = EMPTY_KEY_VALUE;
  let prevKv: KeyValue | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x08: type = reader.enumNumber() === 1 ? 1 : 0; break;
      case 0x12: kv = readKeyValue(reader); break;
      case 0x1a: prevKv = readKeyValue(reader); break;
      default: reader.other(tag, table.event);
    }
  }
  reader.leave(outer);
  return { type, kv, prevKv };
}

function writeEvent(writer: ReverseWriter, event: WatchEvent): void {
  const before = writer.written;
  writeKeyValue(writer, 0x1a, event.prevKv);
  writeKeyValue(writer, 0x12, event.kv);
  writer.int64Field(0x08, event.type);
  writer.close(0x5a, before);
}

/** What an event takes at most beside its key-values. */
const EVENT_OVERHEAD_BYTES = 24;

function eventsSizeMax(events: readonly WatchEvent[]): number {
  let size = 0;
  for (const event of events) size += EVENT_OVERHEAD_BYTES + event.kv.encoded.length + (event.prevKv?.encoded.length ?? 0);
  return size;
}

/**
 * Batches of at least this many events are kept encoded for the other watchers that get the very same list. A small one
 * is put together from its key-values' bytes in less time than looking it up would take.
 */
const SHARED_EVENTS_MIN = 8;
const sharedEvents = new WeakMap<readonly WatchEvent[], Buffer>();

function writeEvents(writer: ReverseWriter, events: readonly WatchEvent[]): void {
  const shared = events.length >= SHARED_EVENTS_MIN ? sharedEvents.get(events) : undefined;
  if (shared !== undefined) return writer.raw(shared);
  const before = writer.written;
  for (let at = events.length - 1; at >= 0; at--) writeEvent(writer, events[at] as WatchEvent);
  if (events.length >= SHARED_EVENTS_MIN) sharedEvents.set(events, Buffer.from(writer.since(before)));
}

function readWatchResponse(reader: Reader): WatchStreamResponse {
  let header = ZERO_HEADER;
  let watchId = 0;
  let created = false;
  let canceled = false;
  let compactRevision = 0;
  let cancelReason = '';
  let fragment = false;
  const events: WatchEvent[] = [];
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: header = readHeader(reader); break;
      case 0x10: watchId = reader.int64(); break;
      case 0x18: created = reader.bool(); break;
      case 0x20: canceled = reader.bool(); break;
      case 0x28: compactRevision = reader.int64(); break;
      case 0x32: cancelReason = reader.string(); break;
      case 0x38: fragment = reader.bool(); break;
      case 0x5a: events.push(readEvent(reader)); break;
      default: reader.other(tag, table.watchResponse);
    }
  }
  return { header, watchId, created, canceled, compactRevision, cancelReason, fragment, events };
}

function writeWatchResponse(writer: ReverseWriter, response: WatchStreamResponse): void {
  writeEvents(writer, response.events);
  writer.boolField(0x38, response.fragment);
  writer.stringField(0x32, response.cancelReason);
  writer.int64Field(0x28, response.compactRevision);
  writer.boolField(0x20, response.canceled);
  writer.boolField(0x18, response.created);
  writer.int64Field(0x10, response.watchId);
  writeHeader(writer, response.header);
}

function writeWatchRequest(writer: ReverseWriter, message: WatchStreamRequest): void {
  switch (message.type) {
    case 'create':
      writeCreateRequest(writer, message.request);
      return writer.close(0x0a, 0);
    case 'cancel':
      writer.int64Field(0x08, message.request.watchId);
      return writer.close(0x12, 0);
    case 'progress': return writer.close(0x1a, 0);
    case 'empty':
  }
}

function writeCreateRequest(writer: ReverseWriter, request: WatchCreateRequest): void {
  writer.boolField(0x40, request.fragment);
  writer.int64Field(0x38, request.watchId);
  writer.boolField(0x30, request.prevKv);
  const { filters } = request;
  if (filters !== undefined && filters.length > 0) {
    const before = writer.written;
    for (let at = filters.length - 1; at >= 0; at--) writer.int64(filters[at] as number);
    writer.close(0x2a, before);
  }
  writer.boolField(0x20, request.progressNotify);
  writer.int64Field(0x18, request.startRevision);
  writer.keyField(0x12, request.rangeEnd);
  writer.keyField(0x0a, request.key);
}

export const WatchRequestCodec = makeCodec<WatchStreamRequest>({
  schema: table.watchRequest,
  read: (reader) => readBySchema(reader, table.watchRequest) as unknown as WatchStreamRequest,
  write: writeWatchRequest,
});
export const WatchResponseCodec = makeCodec<WatchStreamResponse>({
  schema: table.watchResponse, read: readWatchResponse, write: writeWatchResponse,
  sizeMax: (response) => RESPONSE_OVERHEAD_BYTES + (response.cancelReason?.length ?? 0) * 3 + eventsSizeMax(response.events),
});
