import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

export type Action = 'read' | 'write' | 'delete' | 'admin';

/** What a route does and to what; names in braces stand for the parameters of its path. */
export interface Access {
  readonly action: Action;
  readonly resource: string;
}

const ACCESS = Symbol('access');

/** Declares what a route needs. A route without it is not served. */
export function RequiresAccess(action: Action, resource: string): MethodDecorator {
  return SetMetadata(ACCESS, { action, resource } satisfies Access);
}

/** What was declared for a handler. */
export function accessOf(reflector: Reflector, handler: ReturnType<ExecutionContext['getHandler']>): Access | undefined {
  return reflector.get<Access | undefined>(ACCESS, handler);
}

/** Everybody may do everything that is declared, as long as there are no users and roles. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    return accessOf(this.reflector, context.getHandler()) !== undefined;
  }
}
