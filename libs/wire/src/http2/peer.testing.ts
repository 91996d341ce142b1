import { gunzipSync } from 'node:zlib';
import { type GrpcHandlers } from '../grpc/handler';
import { frameMessage } from '../grpc/message-reader';
import { type GrpcConnection, GrpcServer } from './grpc-server';
import { HpackDecoder } from './hpack-decoder';
import { HpackEncoder } from './hpack-encoder';
import type { Http2Limits } from './limits';
import { CLIENT_PREFACE, FRAME_HEADER_BYTES, FrameFlag, FrameType, writeFrameHeader, writeUint32 } from './protocol.table';

export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
  /** Of HEADERS, decoded. */
  readonly fields?: Readonly<Record<string, string>>;
}

export function frame(type: number, flags: number, id: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  bytes.set(payload, writeFrameHeader(bytes, 0, payload.length, type, flags, id));
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  writeUint32(bytes, 0, value);
  return bytes;
}

export const settings = (...values: [number, number][]): Buffer => frame(FrameType.SETTINGS, 0, 0, Buffer.concat(values.flatMap(([id, value]) => [Buffer.of(0, id), uint32(value)])));
export const windowUpdate = (id: number, bytes: number): Buffer => frame(FrameType.WINDOW_UPDATE, 0, id, uint32(bytes));
export const reset = (id: number, code = 8): Buffer => frame(FrameType.RST_STREAM, 0, id, uint32(code));
export const ping = (text = 'pingping'): Buffer => frame(FrameType.PING, 0, 0, Buffer.from(text));
export const data = (id: number, payload: Uint8Array, endStream = false): Buffer => frame(FrameType.DATA, endStream ? FrameFlag.END_STREAM : 0, id, payload);
export const message = (text: string | Uint8Array): Buffer => frameMessage(typeof text === 'string' ? Buffer.from(text) : text);

/** Fields of a request to a unary or streaming method. */
export function request(path: string, further: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ':method': 'POST', ':scheme': 'http', ':path': path, ':authority': 'here', 'content-type': 'application/grpc', te: 'trailers', ...further };
}

/** A client of one connection, that hands bytes to it and takes its bytes apart; the clock is its own. */
export class TestPeer {
  nowMs = 1000;
  readonly server: GrpcServer;
  readonly connection: GrpcConnection;
  readonly encoder = new HpackEncoder();
  private readonly decoder = new HpackDecoder();
  /** Bytes of output that were not reported as written. */
  unwritten = 0;
  /** Output is reported as written as soon as it is taken. */
  reads = true;

  constructor(handlers: Partial<GrpcHandlers> = {}, limits: Partial<Http2Limits> = {}, receiveBytesMax = 1000) {
    this.server = new GrpcServer({
      handlers: { unary: new Map(), streams: new Map(), ...handlers }, limits, receiveBytesMax,
      decompress: async (bytes, _encoding, messageBytesMax) => gunzipSync(bytes, { maxOutputLength: messageBytesMax }),
    });
    this.connection = this.server.connect({ wake: () => undefined }, 'peer', this.nowMs);
  }

  /** Preface and settings; what the server greets with is taken away. */
  greet(...values: [number, number][]): this {
    this.send(CLIENT_PREFACE, settings(...values));
    this.frames();
    return this;
  }

  /** Hands over frames in one chunk, which is overwritten afterwards. */
  send(...frames: Uint8Array[]): this {
    const chunk = Buffer.concat(frames);
    this.connection.receive(chunk, this.nowMs);
    chunk.fill(0xee);
    return this;
  }

  headers(id: number, fields: Readonly<Record<string, string>>, flags: number = FrameFlag.END_HEADERS): Buffer {
    return frame(FrameType.HEADERS, flags, id, this.encoder.encode(Object.entries(fields).map(([name, value]) => ({ name, value, repeats: !name.startsWith('x-') }))));
  }

  /** A whole unary call. */
  call(id: number, path: string, body: string | Uint8Array, further: Readonly<Record<string, string>> = {}): Buffer {
    return Buffer.concat([this.headers(id, request(path, further)), data(id, message(body), true)]);
  }

  /** What the server has sent since the last time. */
  frames(): SeenFrame[] {
    const parts = this.connection.takeOutput(this.nowMs);
    const bytes = Buffer.concat(parts.map(({ buffer, length }) => buffer.subarray(0, length)));
    if (this.reads) this.connection.written(bytes.length, this.nowMs);
    else this.unwritten += bytes.length;
    const seen: SeenFrame[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = bytes.readUIntBE(at, 3);
      const type = bytes[at + 3] as number;
      const payload = bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
      const fields = type === FrameType.HEADERS ? { fields: this.decode(payload) } : {};
      seen.push({ type, flags: bytes[at + 4] as number, id: bytes.readUInt32BE(at + 5), payload, ...fields });
      at += FRAME_HEADER_BYTES + length;
    }
    return seen;
  }

  /** The same without window updates and acknowledgements, in one line each. */
  answers(): string[] {
    return this.frames().flatMap(({ type, flags, id, payload, fields }) => {
      switch (type) {
        case FrameType.HEADERS:
          return [`${id} ${Object.entries(fields ?? {}).map(([name, value]) => `${name}=${value}`).join(' ')}${(flags & 1) === 1 ? ' END' : ''}`];
        case FrameType.DATA:
          return [`${id} data ${payload.length > 40 ? payload.length : JSON.stringify(payload.latin1Slice())}${(flags & 1) === 1 ? ' END' : ''}`];
        case FrameType.RST_STREAM:
          return [`${id} reset ${payload.readUInt32BE()}`];
        case FrameType.GOAWAY:
          return [`goaway ${payload.readUInt32BE(0)} ${payload.readUInt32BE(4)} ${payload.latin1Slice(8)}`];
        case FrameType.PING:
          return (flags & 1) === 1 ? [] : [`ping ${payload.latin1Slice()}`];
        default:
          return [];
      }
    });
  }

  /** The error code of the GOAWAY among what was sent; undefined without one. */
  goAwayCode(): number | undefined {
    return this.frames().find(({ type }) => type === FrameType.GOAWAY)?.payload.readUInt32BE(4);
  }

  private decode(block: Buffer): Record<string, string> {
    return Object.fromEntries(this.decoder.decode(block, 0, block.length, Infinity).fields.map(({ name, value }) => [name, value]));
  }
}

/** Lets everything run that waits for promises. */
export const settled = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
