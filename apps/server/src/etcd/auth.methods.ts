import type { MaintenanceApi } from '@quorate/api';
import { services } from '@quorate/wire';
import { type ServedMethod, unary } from './method';

/** `etcdserverpb.Auth` of a store without users: it tells that it is off; everything else is unimplemented. */
export function authMethods(maintenance: MaintenanceApi): ServedMethod[] {
  return [
    unary(services.Auth.AuthStatus, async () => ({ header: maintenance.header(), enabled: false, authRevision: 1 })),
  ];
}
