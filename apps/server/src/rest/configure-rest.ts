import type { NestExpressApplication } from '@nestjs/platform-express';
import { MAX_REQUEST_BYTES } from '@quorate/api';

/** Texts grow when they are written as JSON. */
const BODY_BYTES_MAX = 4 * MAX_REQUEST_BYTES;

/**
 * Settings of the application that no module can make. The application has to be created with `bodyParser: false`: every
 * body is JSON, whatever the caller's tool calls it (curl says it were a form).
 */
export function configureRest(app: NestExpressApplication): void {
  app.useBodyParser('json', { limit: BODY_BYTES_MAX, strict: false, type: () => true });
  app.disable('x-powered-by');
  // Revisions say what changed; hashing every answer would only cost.
  app.disable('etag');
}
