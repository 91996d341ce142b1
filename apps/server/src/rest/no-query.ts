import { type CanActivate, type ExecutionContext, Injectable, UseGuards } from '@nestjs/common';
import { PlatformError } from '@quorate/api';
import type { Request } from 'express';

@Injectable()
class NoQueryGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const [field] = Object.keys(context.switchToHttp().getRequest<Request>().query);
    if (field !== undefined) throw new PlatformError('field_unknown', `there is no field ${field} in this query`, field);
    return true;
  }
}

/** Refuses whatever a caller adds to the path of this route: a parameter that is silently ignored is a misunderstanding. */
export function TakesNoQuery(): MethodDecorator {
  return UseGuards(NoQueryGuard);
}
