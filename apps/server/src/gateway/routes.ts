import { GrpcCode } from '@quorate/api';
import {
  allMethods, type AnyMethod, GATEWAY_METHOD_NOT_ALLOWED, GATEWAY_NOT_FOUND, type GrpcStatus, methodByJsonPath, unknownMethodText,
} from '@quorate/wire';
import type { ServedMethod } from '../etcd/method';

/** What a verb and a path of the gateway lead to. */
export type Route = { readonly type: 'served'; readonly served: ServedMethod } | { readonly type: 'refused'; readonly status: GrpcStatus };

const NOT_FOUND: Route = { type: 'refused', status: GATEWAY_NOT_FOUND };
const METHOD_NOT_ALLOWED: Route = { type: 'refused', status: GATEWAY_METHOD_NOT_ALLOWED };

/** Whether a path belongs to the gateway; `/v3beta/` is what clients of etcd 3.3 and 3.4 call `/v3/`. */
export function isGatewayPath(path: string): boolean {
  return path.startsWith('/v3/') || path.startsWith('/v3beta/');
}

/** Methods by path. Those that the gateway has but the member does not serve are unimplemented, as over gRPC. */
export class GatewayRoutes {
  private readonly byMethod = new Map<AnyMethod, Route>();

  constructor(methods: readonly ServedMethod[]) {
    const served = new Map(methods.map((one) => [one.method.path, one]));
    for (const method of allMethods()) {
      const one = served.get(method.path);
      this.byMethod.set(method, one ? { type: 'served', served: one } : {
        type: 'refused', status: { code: GrpcCode.UNIMPLEMENTED, message: unknownMethodText(method.path) },
      });
    }
  }

  find(verb: string, path: string): Route {
    const method = methodByJsonPath(path);
    if (!method) return NOT_FOUND;
    return verb === 'POST' ? this.byMethod.get(method) ?? NOT_FOUND : METHOD_NOT_ALLOWED;
  }
}
