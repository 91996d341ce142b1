import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WS_CLIENT_FRAME_SCHEMA, WS_SERVER_FRAME_SCHEMA } from '@quorate/api';
import { Ajv2020 } from 'ajv/dist/2020';
import { DEFAULT_WS_LIMITS } from './ws-limits';

const text = readFileSync(path.join(__dirname, '../../../../docs/websocket.md'), 'utf8');
const examples = [...text.matchAll(/```json (client|server)\n(.*?)\n```/gs)].map(([, side, frame]) => [side, frame] as [string, string]);

describe('docs/websocket.md', () => {
  const ajv = new Ajv2020();
  const checks = { client: ajv.compile(WS_CLIENT_FRAME_SCHEMA), server: ajv.compile(WS_SERVER_FRAME_SCHEMA) };

  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(10);
    expect(text.match(/```json/g)?.length).toBe(examples.length);
  });

  it.each(examples)('shows a frame from the %s that the schema takes: %s', (side, frame) => {
    const check = checks[side as keyof typeof checks];
    check(JSON.parse(frame));
    expect(check.errors ?? []).toEqual([]);
  });

  it('names the limits that are in force', () => {
    const { frameBytesMax, subscriptionsMax, sessionsMax, answerBytesMax, silenceMs, pingIntervalMs, authTimeoutMs } = DEFAULT_WS_LIMITS;
    expect(text).toContain(`| frame from a client | ${frameBytesMax / 1024} KiB |`);
    expect(text).toContain(`| subscriptions of one socket | ${subscriptionsMax} |`);
    expect(text).toContain(`| sessions of one socket | ${sessionsMax} |`);
    expect(text).toContain(`| answers that the client has not read | ${answerBytesMax / 1024} KiB |`);
    expect(text).toContain(`| no frame and no pong | ${silenceMs / 1000} s (pings every ${pingIntervalMs / 1000} s) |`);
    expect(text).toContain(`needed | ${authTimeoutMs / 1000} s |`);
  });
});
