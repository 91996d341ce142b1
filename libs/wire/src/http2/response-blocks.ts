import { GrpcCode } from '@quorate/api';
import { encodeGrpcMessage } from '../grpc/metadata';
import type { GrpcStatus } from '../grpc/status';
import type { SentField } from './hpack-encoder';
import type { SendSide } from './send-side';

const CONTENT_TYPE: SentField = { name: 'content-type', value: 'application/grpc', repeats: true };
const RESPONSE: readonly SentField[] = [{ name: ':status', value: '200' }, CONTENT_TYPE];
const OK_TRAILERS: readonly SentField[] = [{ name: 'grpc-status', value: '0', repeats: true }];
const FIELD_OVERHEAD_BYTES = 32;

/** The header blocks of the answers on one connection. Those of every call are encoded once, as long as the table stays. */
export class ResponseBlocks {
  private response: Buffer | undefined;
  private responseVersion = -1;
  private ok: Buffer | undefined;
  private okVersion = -1;

  constructor(private readonly send: SendSide) {}

  /** What every answer with a message begins with. */
  headers(): Buffer {
    const { encoder } = this.send;
    if (this.response !== undefined && this.responseVersion === encoder.tableVersion) return this.response;
    const version = encoder.tableVersion;
    const block = encoder.encode(RESPONSE);
    // A block that changed the table, or told its size, is good for one time.
    this.response = encoder.tableVersion === version ? block : undefined;
    this.responseVersion = version;
    return block;
  }

  /** What ends an answer that began with headers. */
  trailers(status: GrpcStatus | undefined): Buffer {
    if (status !== undefined && (status.code !== GrpcCode.OK || status.message !== '')) return this.send.encoder.encode(this.statusFields(status, 0));
    const { encoder } = this.send;
    if (this.ok !== undefined && this.okVersion === encoder.tableVersion) return this.ok;
    const version = encoder.tableVersion;
    const block = encoder.encode(OK_TRAILERS);
    this.ok = encoder.tableVersion === version ? block : undefined;
    this.okVersion = version;
    return block;
  }

  /** What an answer for people begins with. */
  textHeaders(httpStatus: number): Buffer {
    return this.send.encoder.encode([{ name: ':status', value: String(httpStatus) }, { name: 'content-type', value: 'text/plain; charset=utf-8' }]);
  }

  /** An answer that is over with its headers. */
  trailersOnly(status: GrpcStatus | undefined, httpStatus = 200, further: readonly SentField[] = []): Buffer {
    const fields: SentField[] = [{ name: ':status', value: String(httpStatus) }, CONTENT_TYPE];
    const taken = 2 * FIELD_OVERHEAD_BYTES + 40 + further.reduce((sum, { name, value }) => sum + name.length + value.length + FIELD_OVERHEAD_BYTES, 0);
    return this.send.encoder.encode([...fields, ...this.statusFields(status ?? { code: GrpcCode.OK, message: '' }, taken), ...further]);
  }

  /** The message is left out for a peer whose header list would not hold it. */
  private statusFields({ code, message }: GrpcStatus, takenBytes: number): SentField[] {
    const fields: SentField[] = [{ name: 'grpc-status', value: String(code) }];
    if (message === '') return fields;
    const text = encodeGrpcMessage(message);
    const bytes = takenBytes + 'grpc-status'.length + 2 + 'grpc-message'.length + text.length + 2 * FIELD_OVERHEAD_BYTES;
    if (bytes <= this.send.headerListBytesMax) fields.push({ name: 'grpc-message', value: text });
    return fields;
  }
}
