import type { KvApi } from '@quorate/api';
import { services } from '@quorate/wire';
import { contextOf, type ServedMethod, unary } from './method';

/** `etcdserverpb.KV` */
export function kvMethods(kv: KvApi): ServedMethod[] {
  return [
    unary(services.KV.Range, (request, call) => kv.range(request, contextOf(call))),
    unary(services.KV.Put, (request, call) => kv.put(request, contextOf(call))),
    unary(services.KV.DeleteRange, (request, call) => kv.deleteRange(request, contextOf(call))),
    unary(services.KV.Txn, (request, call) => kv.txn(request, contextOf(call))),
    unary(services.KV.Compact, (request, call) => kv.compact(request, contextOf(call))),
  ];
}
