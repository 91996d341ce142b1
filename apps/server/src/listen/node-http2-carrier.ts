import {
  constants, createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { GrpcCode } from '@quorate/api';
import {
  encodeGrpcMessage, type GrpcHandlers, GrpcMessageReader, type GrpcStatus, GrpcStatusError, grpcStatusOf, type GrpcStream, parseGrpcTimeout,
  unknownMethodText,
} from '@quorate/wire';
import type { Http2Acceptor } from './protocol-split';

/** Initial window of a stream and a connection: room for one of the largest requests. */
const WINDOW_BYTES = 4 * 1024 * 1024;

export interface CarrierOptions {
  readonly handlers: GrpcHandlers;
  /** The largest message taken. */
  readonly receiveBytesMax: number;
  readonly maxConcurrentStreams: number;
}

/** Carries gRPC by Node's own HTTP/2. */
export class NodeHttp2Carrier implements Http2Acceptor {
  private readonly server: Http2Server;
  private readonly sessions = new Set<ServerHttp2Session>();

  constructor(private readonly options: CarrierOptions) {
    this.server = createServer({
      settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: Math.min(options.maxConcurrentStreams, 0x7fff_ffff) },
    });
    this.server.on('session', (session) => {
      session.setLocalWindowSize(WINDOW_BYTES);
      this.sessions.add(session);
      session.on('error', () => session.destroy());
      session.on('close', () => this.sessions.delete(session));
    });
    this.server.on('stream', (stream, headers) => this.serve(stream, headers));
  }

  accept(socket: Socket): void {
    this.server.emit('connection', socket);
  }

  /** Lets no new calls in; those under way end by themselves, or at once with `destroy`. */
  close(): void {
    for (const session of this.sessions) session.close();
  }

  destroy(): void {
    for (const session of this.sessions) session.destroy();
  }

  private serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const call = new CarriedCall(stream, headers, this.options.receiveBytesMax);
    const path = String(headers[constants.HTTP2_HEADER_PATH] ?? '');
    if (!String(headers[constants.HTTP2_HEADER_CONTENT_TYPE] ?? '').startsWith('application/grpc')) {
      stream.respond({ [constants.HTTP2_HEADER_STATUS]: 415 }, { endStream: true });
      return;
    }
    const unary = this.options.handlers.unary.get(path);
    if (unary) {
      call.onMessage((message) => {
        call.pauseMessages();
        unary(message, call).then((frame) => { call.send(frame); call.end(); }, (error: unknown) => call.end(grpcStatusOf(error)));
      });
      call.onHalfClose(() => {
        if (!call.hasMessage) call.end({ code: GrpcCode.INTERNAL, message: 'grpc: no message received' });
      });
      return;
    }
    const streaming = this.options.handlers.streams.get(path);
    if (streaming) streaming(call);
    else call.end({ code: GrpcCode.UNIMPLEMENTED, message: unknownMethodText(path) });
  }
}

class CarriedCall implements GrpcStream {
  readonly peer: string;
  hasMessage = false;
  private messageListener: ((message: Buffer) => void) | undefined;
  private halfCloseListener: (() => void) | undefined;
  private cancelListener: (() => void) | undefined;
  private ended = false;
  private deadline: NodeJS.Timeout | undefined;
  private readonly reader: GrpcMessageReader;

  constructor(private readonly stream: ServerHttp2Stream, private readonly headers: IncomingHttpHeaders, receiveBytesMax: number) {
    this.peer = stream.session?.socket.remoteAddress ?? '';
    this.reader = new GrpcMessageReader(receiveBytesMax);
    stream.on('data', (chunk: Buffer) => this.receive(chunk));
    stream.on('end', () => this.halfCloseListener?.());
    stream.on('error', () => stream.destroy());
    stream.on('close', () => this.closed());
    this.startDeadline();
  }

  metadata(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  onCancel(listener: () => void): void {
    this.cancelListener = listener;
  }

  onMessage(listener: (message: Buffer) => void): void {
    this.messageListener = listener;
  }

  onHalfClose(listener: () => void): void {
    this.halfCloseListener = listener;
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  pauseMessages(): void {
    this.hasMessage = true;
    this.messageListener = undefined;
  }

  send(frame: Buffer): boolean {
    if (this.ended || this.stream.destroyed) return true;
    this.respond();
    return this.stream.write(frame);
  }

  onDrain(listener: () => void): void {
    this.stream.on('drain', listener);
  }

  end(status: GrpcStatus = { code: GrpcCode.OK, message: '' }): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.deadline);
    if (this.stream.destroyed) return;
    const trailers: Record<string, string> = { 'grpc-status': String(status.code) };
    if (status.message !== '') trailers['grpc-message'] = encodeGrpcMessage(status.message);
    if (!this.stream.headersSent) {
      this.stream.respond({ ...RESPONSE_HEADERS, ...trailers }, { endStream: true });
      return;
    }
    this.stream.on('wantTrailers', () => this.stream.sendTrailers(trailers));
    this.stream.end();
  }

  private respond(): void {
    if (!this.stream.headersSent) this.stream.respond(RESPONSE_HEADERS, { waitForTrailers: true });
  }

  private receive(chunk: Buffer): void {
    try {
      this.reader.push(chunk);
      for (let message = this.reader.next(); message; message = this.reader.next()) {
        if (message.compressed) throw new GrpcStatusError(GrpcCode.UNIMPLEMENTED, 'grpc: Decompressor is not installed for grpc-encoding');
        this.hasMessage = true;
        this.messageListener?.(message.bytes);
      }
    } catch (error) {
      this.end(grpcStatusOf(error));
    }
  }

  private closed(): void {
    clearTimeout(this.deadline);
    if (this.ended) return;
    this.ended = true;
    this.cancelListener?.();
  }

  private startDeadline(): void {
    const timeoutMs = parseGrpcTimeout(this.metadata('grpc-timeout') ?? '');
    if (timeoutMs === undefined) return;
    this.deadline = setTimeout(() => {
      this.cancelListener?.();
      this.end({ code: GrpcCode.DEADLINE_EXCEEDED, message: 'context deadline exceeded' });
    }, Math.min(timeoutMs, 0x7fff_ffff));
  }
}

const RESPONSE_HEADERS = { ':status': 200, 'content-type': 'application/grpc' } as const;
