/** HTTP/2 framing (RFC 9113, sections 4 and 6): constants, and writers into a caller's buffer. */

export const FRAME_HEADER_BYTES = 9;
/** SETTINGS_MAX_FRAME_SIZE where a peer announces none; the generator announces none either. */
export const DEFAULT_MAX_FRAME_BYTES = 16_384;
export const DEFAULT_WINDOW_BYTES = 65_535;
export const WINDOW_BYTES_MAX = 2 ** 31 - 1;
export const STREAM_ID_MAX = 2 ** 31 - 1;
/** Compressed flag and length before every gRPC message. */
export const GRPC_PREFIX_BYTES = 5;

export const CLIENT_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const Flag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const;

export const ErrorCode = { noError: 0, cancel: 8 } as const;

/** Writes a frame header at `position`; returns the position after it. */
export function writeFrameHeader(
  bytes: Uint8Array,
  position: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  bytes[position] = length >>> 16;
  bytes[position + 1] = length >>> 8;
  bytes[position + 2] = length;
  bytes[position + 3] = type;
  bytes[position + 4] = flags;
  return writeUint32(bytes, position + 5, streamId);
}

/** Writes a big-endian 32-bit number; returns the position after it. */
export function writeUint32(bytes: Uint8Array, position: number, value: number): number {
  bytes[position] = value >>> 24;
  bytes[position + 1] = value >>> 16;
  bytes[position + 2] = value >>> 8;
  bytes[position + 3] = value;
  return position + 4;
}

/** Reads a big-endian 32-bit number, 0 to 2^32 - 1. */
export function readUint32(bytes: Uint8Array, position: number): number {
  return bytes[position] * 0x1000000 + ((bytes[position + 1] << 16) | (bytes[position + 2] << 8) | bytes[position + 3]);
}

/** Reads the 24-bit payload length that a frame starts with. */
export function readFrameLength(bytes: Uint8Array, position: number): number {
  return (bytes[position] << 16) | (bytes[position + 1] << 8) | bytes[position + 2];
}

/** A SETTINGS frame with these values. */
export function settingsFrame(values: ReadonlyArray<readonly [id: number, value: number]>): Buffer {
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + 6 * values.length);
  let position = writeFrameHeader(frame, 0, 6 * values.length, FrameType.settings, 0, 0);
  for (const [id, value] of values) {
    frame[position] = id >>> 8;
    frame[position + 1] = id;
    position = writeUint32(frame, position + 2, value);
  }
  return frame;
}
