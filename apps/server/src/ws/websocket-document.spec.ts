import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DEFAULT_WS_LIMITS } from './ws-limits';
import { isClientFrame, isServerFrame } from './ws-server.testing';

const text = readFileSync(path.join(__dirname, '../../../../docs/websocket.md'), 'utf8');
const examples = [...text.matchAll(/```json (client|server)\n(.*?)\n```/gs)].map(([, side, frame]) => [side, frame] as [string, string]);

describe('docs/websocket.md', () => {
  const checks = { client: isClientFrame, server: isServerFrame };

  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(10);
    expect(text.match(/```json/g)?.length).toBe(examples.length);
  });

  it.each(examples)('shows a frame from the %s that the schema takes: %s', (side, frame) => {
    const check = checks[side as keyof typeof checks];
    check(JSON.parse(frame));
    expect(check.errors ?? []).toEqual([]);
  });

  it.each([
    { id: 1, type: 'pong', extra: 1 },
    { id: 1, type: 'change', revision: '5', changes: [] },
    { id: 1, type: 'change', revision: 5, changes: [{ op: 'delete', key: { key: 'a' }, revision: '5' }] },
    { id: 1, type: 'change', revision: '5', changes: [{ op: 'put', key: { key: 'a' }, revision: '5' }] },
    { id: 1, type: 'snapshot', revision: '5', items: [{ key: 'a', value: 'no revision' }] },
    { id: 1, type: 'error', error: { code: 'made_up', message: 'x', outcome: 'not_applied' } },
    { type: 'ok' },
  ])('rests on schemas that refuse %j', (frame) => {
    expect(isServerFrame(frame)).toBe(false);
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
