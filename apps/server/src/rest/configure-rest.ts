import type { NestExpressApplication } from '@nestjs/platform-express';
import { MAX_REQUEST_BYTES, type MaintenanceApi } from '@quorate/api';
import { MAINTENANCE_API } from '../member/tokens';
import { createDoor } from './door.middleware';
import { DoorRules } from './door-rules';
import { API_PATH } from './paths';

/** Texts grow when they are written as JSON. */
const BODY_BYTES_MAX = 4 * MAX_REQUEST_BYTES;

/**
 * Settings of the application that no module can make; to be called before anything else is put in front of its routes. The application has to be created with `bodyParser: false`: every
 * body is JSON, whatever the caller's tool calls it (curl says it were a form).
 */
export function configureRest(app: NestExpressApplication): void {
  app.use(API_PATH, createDoor(app.get(DoorRules), app.get<MaintenanceApi>(MAINTENANCE_API)));
  app.useBodyParser('json', { limit: BODY_BYTES_MAX, strict: false, type: () => true });
  app.disable('x-powered-by');
  // Revisions say what changed; hashing every answer would only cost.
  app.disable('etag');
}
