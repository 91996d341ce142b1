import type { PutRequest, RequestOp, TxnRequest } from '@quorate/api';
import type { CommandBody } from './command';

/** What a version takes beside key and value, by etcd's estimate. */
const PUT_OVERHEAD_BYTES = 256;
const LEASE_BYTES = 64;

/**
 * How many bytes a command may add to the store, by etcd's estimate; 0 for those that add nothing, which a full store
 * still takes. The door compares size and cost with the quota; apply only asks whether there is a cost.
 */
export function quotaCostBytes(command: CommandBody): number {
  switch (command.type) {
    case 'put': return putCost(command.request);
    case 'txn': return txnCost(command.request);
    case 'leaseGrant': return LEASE_BYTES;
    default: return 0;
  }
}

function putCost(request: PutRequest): number {
  return PUT_OVERHEAD_BYTES + request.key.length + request.value.length;
}

/** Puts of nested transactions count too: etcd overlooks them, and so lets them into a full store. */
function txnCost(request: TxnRequest): number {
  return Math.max(branchCost(request.success), branchCost(request.failure));
}

function branchCost(ops: readonly RequestOp[]): number {
  let cost = 0;
  for (const op of ops) {
    if (op.type === 'put') cost += putCost(op.request);
    else if (op.type === 'txn') cost += txnCost(op.request);
  }
  return cost;
}
