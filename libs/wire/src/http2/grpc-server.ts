import { ACCEPTED_ENCODINGS } from '../grpc/compression';
import type { GrpcHandlers } from '../grpc/handler';
import type { GrpcStatus } from '../grpc/status';
import { BufferPool } from './buffer-pool';
import { Http2Connection } from './connection';
import type { ConnectionCarrier, ConnectionState } from './connection-state';
import { Http2Counters } from './counters';
import { DeadlineWheel } from './deadline-wheel';
import { type CallServices, GrpcServerCall } from './grpc-call';
import { GrpcHead, NOT_GRPC } from './grpc-head';
import type { HeaderField } from './header-field';
import type { RequestServer } from './header-receiver';
import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from './limits';
import { NotGrpcCall } from './not-grpc-call';
import type { Http2Stream } from './stream';

export interface GrpcServerOptions {
  readonly handlers: GrpcHandlers;
  /** The largest message taken. */
  readonly receiveBytesMax: number;
  /** Where they differ from `DEFAULT_HTTP2_LIMITS`. */
  readonly limits?: Partial<Http2Limits>;
  /** Unpacks a gzip message outside of the loop's turn; see `CallServices`. */
  decompress(bytes: Buffer, encoding: string, messageBytesMax: number): Promise<Buffer>;
}

/** One client's connection to a gRPC server. */
export type GrpcConnection = Http2Connection<GrpcHead>;

/** gRPC over HTTP/2, as a machine over bytes: connections are made of it, and somebody else carries their bytes. */
export class GrpcServer implements RequestServer<GrpcHead>, CallServices {
  readonly counters = new Http2Counters();
  readonly limits: Http2Limits;
  readonly pool = new BufferPool();
  /** Advanced by whoever has a clock. */
  readonly deadlines = new DeadlineWheel();
  readonly receiveBytesMax: number;

  constructor(private readonly options: GrpcServerOptions) {
    this.limits = { ...DEFAULT_HTTP2_LIMITS, ...options.limits };
    this.receiveBytesMax = options.receiveBytesMax;
  }

  /** A new connection, at its first byte. */
  connect(carrier: ConnectionCarrier, peer: string, nowMs: number): GrpcConnection {
    const { limits, counters, pool } = this;
    return new Http2Connection({ limits, counters, pool, server: this, carrier, peer }, nowMs);
  }

  decompress(bytes: Buffer, encoding: string, messageBytesMax: number): Promise<Buffer> {
    return this.options.decompress(bytes, encoding, messageBytesMax);
  }

  interpret(fields: readonly HeaderField[]): GrpcHead {
    return new GrpcHead(fields, this.options.handlers);
  }

  open(connection: ConnectionState, id: number, head: GrpcHead, endsStream: boolean): Http2Stream | undefined {
    const { route } = head;
    if (route.type === 'refused') {
      if (route.httpStatus === NOT_GRPC) return openNotGrpc(connection, id, head, endsStream, route.status);
      const further = head.encoding === '' ? [] : [{ name: 'grpc-accept-encoding', value: ACCEPTED_ENCODINGS }];
      connection.answer(id, connection.blocks.trailersOnly(route.status, route.httpStatus, further), endsStream);
      return undefined;
    }
    const call = new GrpcServerCall(id, connection, head, this);
    call.remoteEnded = endsStream;
    connection.add(call);
    call.start();
    return call;
  }
}

function openNotGrpc(connection: ConnectionState, id: number, { method }: GrpcHead, endsStream: boolean, status: GrpcStatus): Http2Stream {
  const call = new NotGrpcCall(id, connection, method, NOT_GRPC, status);
  call.remoteEnded = endsStream;
  connection.add(call);
  return call;
}
