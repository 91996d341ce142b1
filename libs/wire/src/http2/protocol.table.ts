/** Constants of HTTP/2 (RFC 9113). */

export const CLIENT_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const FRAME_HEADER_BYTES = 9;
/** SETTINGS_MAX_FRAME_SIZE where an end announces none; we announce none. */
export const DEFAULT_FRAME_BYTES_MAX = 16_384;
export const FRAME_BYTES_LIMIT = 0xff_ffff;
export const DEFAULT_WINDOW_BYTES = 65_535;
export const WINDOW_BYTES_LIMIT = 0x7fff_ffff;
export const STREAM_ID_LIMIT = 0x7fff_ffff;
/** SETTINGS_HEADER_TABLE_SIZE where an end announces none; we announce none. */
export const DEFAULT_HEADER_TABLE_BYTES = 4096;

/** Section 6. */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FrameFlag = { ACK: 0x1, END_STREAM: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

/** Section 6.5.2. */
export const SettingId = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

/** Section 7. */
export const Http2ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
  INADEQUATE_SECURITY: 12,
  HTTP_1_1_REQUIRED: 13,
} as const;

export type Http2ErrorCode = (typeof Http2ErrorCode)[keyof typeof Http2ErrorCode];

/** Writes a frame header at `at`; returns the position after it. */
export function writeFrameHeader(bytes: Buffer, at: number, payloadBytes: number, type: number, flags: number, streamId: number): number {
  bytes[at] = payloadBytes >>> 16;
  bytes[at + 1] = payloadBytes >>> 8;
  bytes[at + 2] = payloadBytes;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  return writeUint32(bytes, at + 5, streamId);
}

/** Writes 32 bits, the highest first; returns the position after them. */
export function writeUint32(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/** 32 bits, the highest first, as 0 to 2^32 - 1. */
export function readUint32(bytes: Buffer, at: number): number {
  return (bytes[at] as number) * 0x1_00_0000
    + (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
}

/** 31 bits, the highest first; the reserved bit before them is ignored. */
export function readUint31(bytes: Buffer, at: number): number {
  return (((bytes[at] as number) & 0x7f) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
}
