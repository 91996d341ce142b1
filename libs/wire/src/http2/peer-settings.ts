import {
  FRAME_BYTES_LIMIT, DEFAULT_FRAME_BYTES_MAX, FRAME_HEADER_BYTES, FrameType, Http2ErrorCode, readUint32, SettingId, WINDOW_BYTES_LIMIT,
  writeFrameHeader, writeUint32,
} from './protocol.table';

const SETTING_BYTES = 6;

/** What of a SETTINGS frame matters to a server; later values of one setting replace earlier ones. */
export interface PeerSettings {
  headerTableBytes?: number;
  initialWindow?: number;
  frameBytesMax?: number;
  headerListBytesMax?: number;
}

/** Reads the payload `bytes[start, end)` of a SETTINGS frame; an error code where a value is not allowed (RFC 9113, 6.5.2). */
export function readSettings(bytes: Buffer, start: number, end: number): PeerSettings | Http2ErrorCode {
  const settings: PeerSettings = {};
  for (let at = start; at < end; at += SETTING_BYTES) {
    const value = readUint32(bytes, at + 2);
    switch (((bytes[at] as number) << 8) | (bytes[at + 1] as number)) {
      case SettingId.HEADER_TABLE_SIZE:
        settings.headerTableBytes = value;
        break;
      case SettingId.ENABLE_PUSH:
        if (value > 1) return Http2ErrorCode.PROTOCOL_ERROR;
        break;
      case SettingId.INITIAL_WINDOW_SIZE:
        if (value > WINDOW_BYTES_LIMIT) return Http2ErrorCode.FLOW_CONTROL_ERROR;
        settings.initialWindow = value;
        break;
      case SettingId.MAX_FRAME_SIZE:
        if (value < DEFAULT_FRAME_BYTES_MAX || value > FRAME_BYTES_LIMIT) return Http2ErrorCode.PROTOCOL_ERROR;
        settings.frameBytesMax = value;
        break;
      case SettingId.MAX_HEADER_LIST_SIZE:
        settings.headerListBytesMax = value;
        break;
      default:
    }
  }
  return settings;
}

/** A whole SETTINGS frame. */
export function settingsFrame(values: readonly (readonly [id: number, value: number])[]): Buffer {
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + SETTING_BYTES * values.length);
  let at = writeFrameHeader(frame, 0, SETTING_BYTES * values.length, FrameType.SETTINGS, 0, 0);
  for (const [id, value] of values) {
    frame[at + 1] = id;
    at = writeUint32(frame, at + 2, value);
  }
  return frame;
}
