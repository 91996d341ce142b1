import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { ApiError, PlatformError, platformErrorOf } from '@quorate/api';
import type { Logger } from '@quorate/core';
import type { Request, Response } from 'express';
import { LOGGER } from '../member/tokens';
import { API_PATH } from './paths';

/** Answers whatever goes wrong below the platform's API in its own shape; leaves everything else to Nest. */
@Catch()
export class RestErrorFilter extends BaseExceptionFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger, { httpAdapter }: HttpAdapterHost) {
    super(httpAdapter);
  }

  override catch(exception: unknown, host: ArgumentsHost): void {
    const isRest = host.getType() === 'http' && host.switchToHttp().getRequest<Request>().path.startsWith(API_PATH);
    if (!isRest) {
      super.catch(exception, host);
      return;
    }
    const response = host.switchToHttp().getResponse<Response>();
    const error = restErrorOf(exception);
    if (error.code === 'internal') this.logger.error('a request failed', { reason: exception instanceof Error ? (exception.stack ?? exception.message) : String(exception) });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error.retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(error.retryAfterSeconds));
    response.status(error.status).json(error.body);
  }
}

/** What any thrown thing means to a caller. */
export function restErrorOf(exception: unknown): PlatformError {
  if (exception instanceof PlatformError) return exception;
  if (exception instanceof ApiError) return platformErrorOf(exception);
  if (exception instanceof HttpException) return statusError(exception.getStatus(), exception.message);
  // Body parsers and the router throw errors that only carry a status.
  const { status, message } = (exception ?? {}) as { readonly status?: unknown; readonly message?: unknown };
  if (typeof status === 'number' && status < 500) return statusError(status, String(message));
  return exception instanceof URIError ? new PlatformError('request_invalid', exception.message) : new PlatformError('internal');
}

function statusError(status: number, message: string): PlatformError {
  if (status === 404) return new PlatformError('route_unknown', message);
  if (status === 413) return new PlatformError('body_too_large');
  if (status >= 500) return new PlatformError('internal');
  return new PlatformError(/JSON|token/i.test(message) ? 'body_invalid' : 'request_invalid', message);
}
