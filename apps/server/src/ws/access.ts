import type { InjectionToken } from '@nestjs/common';
import type { Access } from '../rest/access';

/** Whoever opened a socket, as far as known. */
export interface Principal {
  readonly user: string;
}

/** `WsAccess`: who may open sockets and follow what. */
export const WS_ACCESS: InjectionToken = Symbol('WS_ACCESS');

export interface WsAccess {
  /** A socket without credentials gets nothing but the chance to send them. */
  readonly credentialsRequired: boolean;
  /**
   * @param authorization what an `Authorization` header holds: `Bearer …` or `Basic …`
   * @returns `undefined` where credentials mean nothing, since everybody may do everything
   * @throws PlatformError `unauthenticated`
   */
  authenticate(authorization: string): Promise<Principal | undefined>;
  permits(principal: Principal | undefined, access: Access): boolean;
}

/** Everybody may do everything: what holds until permissions are switched on. */
export class OpenAccess implements WsAccess {
  readonly credentialsRequired = false;

  authenticate(): Promise<Principal | undefined> {
    return Promise.resolve(undefined);
  }

  permits(): boolean {
    return true;
  }
}
