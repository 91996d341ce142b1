import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { PlatformError } from '@quorate/api';
import type { WebSocket } from 'ws';
import { accessOf } from '../rest/access';
import { Connections } from './connections';
import type { OpFrame } from './op-frame';

/** Lets nothing but `auth` through before a socket has shown the credentials that it needs, and no op that does not say what it needs. */
@Injectable()
export class AdmissionGuard implements CanActivate {
  constructor(private readonly connections: Connections, private readonly reflector: Reflector) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!accessOf(this.reflector, context.getHandler() as (...args: never[]) => unknown)) throw new PlatformError('permission_denied');
    const { op } = context.switchToWs().getData<OpFrame>();
    const connection = this.connections.of(context.switchToWs().getClient<WebSocket>());
    await connection.greeted;
    if (connection.isAdmitted || op === 'auth') return true;
    throw new PlatformError('unauthenticated', 'the first frame has to be auth');
  }
}
