import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { IDEMPOTENCY_KEY_PATTERN, PlatformError } from '@quorate/api';
import type { WriteOptions } from '@quorate/recipes';
import type { Request, Response } from 'express';

/** What a mutating handler hands to its recipe: the claim of the `Idempotency-Key`, if there is one. */
export const WriteContext = createParamDecorator((_: unknown, context: ExecutionContext): WriteOptions => {
  const request = context.switchToHttp().getRequest<Request>();
  const key = request.headers['idempotency-key'];
  if (key === undefined) return {};
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY_PATTERN.test(key)) throw new PlatformError('idempotency_key_invalid');
  return { idempotency: { key, fingerprint: fingerprintOf(request) } };
});

/** Aborts when the caller hangs up. For reads and waits: a write goes on, as its caller cannot know how far it has come. */
export const CallerSignal = createParamDecorator((_: unknown, context: ExecutionContext): AbortSignal => {
  const controller = new AbortController();
  const response = context.switchToHttp().getResponse<Response>();
  response.once('close', () => { if (!response.writableFinished) controller.abort(); });
  return controller.signal;
});

function fingerprintOf(request: Request): string {
  const asked = JSON.stringify([request.method, request.originalUrl, request.body ?? null]);
  return createHash('sha256').update(asked).digest('base64url');
}
