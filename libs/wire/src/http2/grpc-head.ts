import { GrpcCode } from '@quorate/api';
import type { GrpcHandlers, StreamHandler, UnaryHandler } from '../grpc/handler';
import { decodeBinaryMetadata } from '../grpc/metadata';
import { DecodeError } from '../protobuf/decode-error';
import type { GrpcStatus } from '../grpc/status';
import { parseGrpcTimeout } from '../grpc/timeout';
import { unknownMethodText } from '../services';
import { FieldKind, type HeaderField } from './header-field';
import { RequestHead } from './request-head';

/** Who answers a request. */
export type GrpcRoute =
  | { readonly type: 'unary'; readonly handler: UnaryHandler }
  | { readonly type: 'stream'; readonly handler: StreamHandler }
  /** Answered at once. */
  | { readonly type: 'refused'; readonly httpStatus: number; readonly status: GrpcStatus };

/** HTTP status of an answer to what is no gRPC call. */
export const NOT_GRPC = 415;

const CONTENT_TYPE = 'application/grpc';

/** The head of a request to a gRPC server. */
export class GrpcHead extends RequestHead {
  readonly route: GrpcRoute;
  /** Milliseconds that the caller gives the call; undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;

  constructor(fields: readonly HeaderField[], handlers: GrpcHandlers) {
    super(fields);
    this.timeoutMs = this.timeout === '' ? undefined : parseGrpcTimeout(this.timeout);
    this.route = this.refusal() ?? this.find(handlers);
  }

  private find({ unary, streams }: GrpcHandlers): GrpcRoute {
    const unaryHandler = unary.get(this.path);
    if (unaryHandler !== undefined) return { type: 'unary', handler: unaryHandler };
    const streamHandler = streams.get(this.path);
    if (streamHandler !== undefined) return { type: 'stream', handler: streamHandler };
    return refused(200, GrpcCode.UNIMPLEMENTED, unknownMethodText(this.path));
  }

  /** In the order and the words of grpc-go. */
  private refusal(): GrpcRoute | undefined {
    if (this.authorities > 1 || this.hosts > 1) {
      const counts = `num values of :authority: ${this.authorities}, num values of host: ${this.hosts}`;
      return refused(400, GrpcCode.INTERNAL, `${counts}, both must only have 1 value as per HTTP/2 spec`);
    }
    if (!isGrpc(this.contentType)) {
      return refused(NOT_GRPC, GrpcCode.INVALID_ARGUMENT, `invalid gRPC request content-type ${JSON.stringify(this.contentType)}`);
    }
    if (this.timeout !== '' && this.timeoutMs === undefined) {
      return refused(400, GrpcCode.INTERNAL, `malformed grpc-timeout: ${timeoutFault(this.timeout)}`);
    }
    const binary = this.hasBinary ? this.fields.find(isMalformedBinary) : undefined;
    if (binary !== undefined) {
      const text = `malformed binary metadata ${JSON.stringify(binary.value)} in header ${JSON.stringify(binary.name)}: illegal base64 data`;
      return refused(400, GrpcCode.INTERNAL, text);
    }
    if (this.method !== 'POST') {
      return refused(405, GrpcCode.INTERNAL, `Received a HEADERS frame with :method ${JSON.stringify(this.method)} which should be POST`);
    }
    if (this.timeoutMs === 0) return refused(200, GrpcCode.DEADLINE_EXCEEDED, DEADLINE_TEXT);
    if (this.encoding !== '' && this.encoding !== 'identity' && this.encoding !== 'gzip') {
      return refused(200, GrpcCode.UNIMPLEMENTED, `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(this.encoding)}`);
    }
    return undefined;
  }
}

export const DEADLINE_TEXT = 'context deadline exceeded';

function refused(httpStatus: number, code: GrpcCode, message: string): GrpcRoute {
  return { type: 'refused', httpStatus, status: { code, message } };
}

function isGrpc(contentType: string): boolean {
  if (!contentType.startsWith(CONTENT_TYPE)) return false;
  const after = contentType[CONTENT_TYPE.length];
  return after === undefined || after === '+' || after === ';';
}

function isMalformedBinary({ kind, value }: HeaderField): boolean {
  if (kind !== FieldKind.BINARY) return false;
  try {
    decodeBinaryMetadata(value);
    return false;
  } catch (error) {
    if (error instanceof DecodeError) return true;
    throw error;
  }
}

function timeoutFault(text: string): string {
  if (text.length < 2) return `transport: timeout string is too short: ${JSON.stringify(text)}`;
  if (text.length > 9) return `transport: timeout string is too long: ${JSON.stringify(text)}`;
  if (!/[HMSmun]$/.test(text)) return `transport: timeout unit is not recognized: ${JSON.stringify(text)}`;
  return `strconv.ParseUint: parsing ${JSON.stringify(text.slice(0, -1))}: invalid syntax`;
}
