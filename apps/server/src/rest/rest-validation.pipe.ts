import { Injectable, ValidationPipe } from '@nestjs/common';
import { PlatformError } from '@quorate/api';
import type { ValidationError } from 'class-validator';

/** Validates bodies and queries against their classes; the first fault is told with the path of its field. */
@Injectable()
export class RestValidationPipe extends ValidationPipe {
  constructor() {
    super({ whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true, transform: true, exceptionFactory: (errors) => errorOf(errors) });
  }

  override async transform(value: unknown, metadata: Parameters<ValidationPipe['transform']>[1]): Promise<unknown> {
    if (metadata.type === 'body' && (typeof value !== 'object' || value === null || Array.isArray(value))) throw new PlatformError('body_invalid');
    // What makes classes out of objects leaves this name out without a word.
    if (metadata.type === 'body' && Object.hasOwn(value as object, '__proto__')) throw new PlatformError('field_unknown', undefined, '__proto__');
    return super.transform(value, metadata);
  }
}

function errorOf(errors: readonly ValidationError[]): PlatformError {
  const [first] = errors;
  return first ? faultOf(first, '') : new PlatformError('request_invalid');
}

function faultOf(error: ValidationError, parentPath: string): PlatformError {
  const path = pathOf(parentPath, error.property);
  const [child] = error.children ?? [];
  if (child && !error.constraints) return faultOf(child, path);
  const constraints = Object.entries(error.constraints ?? {});
  if (constraints.some(([name]) => name === 'whitelistValidation')) return new PlatformError('field_unknown', `there is no field ${path}`, path);
  if (error.value === undefined) return new PlatformError('field_required', `${path} is required`, path);
  return new PlatformError('field_invalid', constraints.map(([, text]) => text).join('; ') || undefined, path);
}

/** `then[2].key` */
function pathOf(parent: string, property: string): string {
  if (/^[0-9]+$/.test(property)) return `${parent}[${property}]`;
  return parent === '' ? property : `${parent}.${property}`;
}
