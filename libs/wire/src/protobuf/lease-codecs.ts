import type { LeaseGrantRequest, LeaseKeepAliveResponse, LeaseLeasesResponse, LeaseRevokeResponse, LeaseTimeToLiveRequest, LeaseTimeToLiveResponse } from '@quorate/api';
import { makeCodec } from './codec';
import { readHeader, writeHeader, ZERO_HEADER } from './header';
import * as table from './kv.table';
import type { LeaseGrantReply, LeaseId, NoFields } from './messages';
import type { Reader } from './reader';
import { schemaCodec } from './schema-codec';
import type { ReverseWriter } from './writer';

/** The Lease service; keep-alives, which are many, by hand. */

function readKeepAliveRequest(reader: Reader): LeaseId {
  let id = 0n;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 0x08) id = reader.int64Id();
    else reader.other(tag, table.leaseKeepAliveRequest);
  }
  return { id };
}

function readKeepAliveResponse(reader: Reader): LeaseKeepAliveResponse {
  let header = ZERO_HEADER;
  let id = 0n;
  let ttlSeconds = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a: header = readHeader(reader); break;
      case 0x10: id = reader.int64Id(); break;
      case 0x18: ttlSeconds = reader.int64(); break;
      default: reader.other(tag, table.leaseKeepAliveResponse);
    }
  }
  return { header, id, ttlSeconds };
}

function writeKeepAliveResponse(writer: ReverseWriter, { header, id, ttlSeconds }: LeaseKeepAliveResponse): void {
  writer.int64Field(0x18, ttlSeconds);
  writer.idField(0x10, id);
  writeHeader(writer, header);
}

export const LeaseKeepAliveRequestCodec = makeCodec<LeaseId>({
  schema: table.leaseKeepAliveRequest, read: readKeepAliveRequest, write: (writer, { id }) => writer.idField(0x08, id),
});
export const LeaseKeepAliveResponseCodec = makeCodec<LeaseKeepAliveResponse>({
  schema: table.leaseKeepAliveResponse, read: readKeepAliveResponse, write: writeKeepAliveResponse,
});
export const LeaseGrantRequestCodec = schemaCodec<LeaseGrantRequest>(table.leaseGrantRequest);
export const LeaseGrantResponseCodec = schemaCodec<LeaseGrantReply>(table.leaseGrantResponse);
export const LeaseRevokeRequestCodec = schemaCodec<LeaseId>(table.leaseRevokeRequest);
export const LeaseRevokeResponseCodec = schemaCodec<LeaseRevokeResponse>(table.leaseRevokeResponse);
export const LeaseTimeToLiveRequestCodec = schemaCodec<LeaseTimeToLiveRequest>(table.leaseTimeToLiveRequest);
export const LeaseTimeToLiveResponseCodec = schemaCodec<LeaseTimeToLiveResponse>(table.leaseTimeToLiveResponse);
export const LeaseLeasesRequestCodec = schemaCodec<NoFields>(table.leaseLeasesRequest);
export const LeaseLeasesResponseCodec = schemaCodec<LeaseLeasesResponse>(table.leaseLeasesResponse);
