import { ApiError } from './errors';
import type { ByteString } from './byte-string';
import type { DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest } from './kv-requests';

/** Checks that etcd makes at its door, in its order; each throws `ApiError`. */

export function validateRange(request: RangeRequest): void {
  if (request.key.length === 0) throw new ApiError('key_empty');
  const order = request.sortOrder ?? 0;
  const target = request.sortTarget ?? 0;
  if (order < 0 || order > 2 || target < 0 || target > 4) throw new ApiError('sort_option_invalid');
}

export function validatePut(request: PutRequest): void {
  if (request.key.length === 0) throw new ApiError('key_empty');
  if (request.ignoreValue && request.value.length !== 0) throw new ApiError('value_given');
  if (request.ignoreLease && (request.lease ?? 0n) !== 0n) throw new ApiError('lease_given');
}

export function validateDeleteRange(request: DeleteRangeRequest): void {
  if (request.key.length === 0) throw new ApiError('key_empty');
}


/** @param maxOps `--max-txn-ops`; nested transactions share what their parent's longest list leaves. */
export function validateTxn(request: TxnRequest, maxOps: number): void {
  checkTxn(request, maxOps);
  checkWrites(request.success);
  checkWrites(request.failure);
}

function checkTxn(request: TxnRequest, maxOps: number): void {
  const longest = Math.max(request.compare.length, request.success.length, request.failure.length);
  if (longest > maxOps) throw new ApiError('txn_too_many_ops');
  for (const compare of request.compare) if (compare.key.length === 0) throw new ApiError('key_empty');
  for (const list of [request.success, request.failure]) for (const op of list) checkOp(op, maxOps - longest);
}

function checkOp(op: RequestOp, opsLeft: number): void {
  switch (op.type) {
    case 'range': return validateRange(op.request);
    case 'put': return validatePut(op.request);
    case 'deleteRange': return validateDeleteRange(op.request);
    case 'txn': return checkTxn(op.request, opsLeft);
    case 'empty': throw new ApiError('key_unknown');
  }
}

/** Keys from `from` on, below `to`. */
interface Deletion {
  readonly from: ByteString;
  readonly to: ByteString;
}

interface Writes {
  readonly puts: Set<ByteString>;
  readonly deletions: Deletion[];
}

/**
 * No key may be put twice, or put and deleted, on one path through a transaction. The branches of a nested transaction
 * exclude each other, so they are checked against everything else but not against one another.
 *
 * Two overlaps pass, because they pass in etcd (`checkIntervals`) and its clients may rely on that: a put beside a deletion
 * without an end (`rangeEnd` of one zero byte), and a put in a nested transaction before a deletion in a later one. What such
 * a transaction does is as clear as of any other: its operations happen in their order.
 */
function checkWrites(ops: readonly RequestOp[]): Writes {
  const deletions: Deletion[] = [];
  for (const op of ops) if (op.type === 'deleteRange') deletions.push(deletionOf(op.request));
  const puts = new Set<ByteString>();
  for (const op of ops) {
    if (op.type !== 'txn') continue;
    const branches = [checkWrites(op.request.success), checkWrites(op.request.failure)];
    for (const branch of branches) refuseOverlap(branch, puts, deletions);
    for (const branch of branches) {
      for (const key of branch.puts) puts.add(key);
      deletions.push(...branch.deletions);
    }
  }
  for (const op of ops) {
    if (op.type !== 'put') continue;
    const { key } = op.request;
    if (puts.has(key) || deletions.some((deletion) => covers(deletion, key))) throw new ApiError('txn_duplicate_key');
    puts.add(key);
  }
  return { puts, deletions };
}

function refuseOverlap(branch: Writes, puts: ReadonlySet<ByteString>, deletions: readonly Deletion[]): void {
  for (const key of branch.puts) {
    if (puts.has(key) || deletions.some((deletion) => covers(deletion, key))) throw new ApiError('txn_duplicate_key');
  }
}

function deletionOf(request: DeleteRangeRequest): Deletion {
  const end = request.rangeEnd ?? '';
  if (end.length === 0) return { from: request.key, to: `${request.key}\0` };
  // An end of one zero byte is below every key, so that such a range covers none here.
  return { from: request.key, to: end };
}

function covers(deletion: Deletion, key: ByteString): boolean {
  return key >= deletion.from && key < deletion.to;
}
