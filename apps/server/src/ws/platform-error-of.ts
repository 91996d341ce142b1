import { ApiError, PlatformError, platformErrorOf } from '@quorate/api';

/** Any error as the client is told of it; one that nobody foresaw becomes `internal`. */
export function asPlatformError(error: unknown): PlatformError {
  if (error instanceof PlatformError) return error;
  return error instanceof ApiError ? platformErrorOf(error) : new PlatformError('internal');
}
