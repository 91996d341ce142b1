import { ApiError, type ErrorCode, type PutRequest, type RangeRequest, type RequestOp, type ResponseHeader, type ResponseOp, type TxnRequest, type TxnResponse } from '@quorate/api';
import { holds } from './compare';
import type { StoredVersion } from './key-value';
import { isSingleKey, type KeyRange, keyRange } from './key-range';
import { ALL, find, findOne, type Found, rangeResponse, versionsWanted } from './range';
import type { RevisionWriter } from './revision-writer';
import type { Steps } from './steps';
import type { Versions } from './versions';

/** What a transaction does: the branches that its conditions chose, before anything is executed. */
export interface TxnPath {
  readonly succeeded: boolean;
  readonly ops: readonly RequestOp[];
  /** The paths of the nested transactions among `ops`, by position. */
  readonly nested: ReadonlyMap<number, TxnPath>;
}

const NO_PATHS: ReadonlyMap<number, TxnPath> = new Map();

/** Evaluates all conditions, nested ones included, at the published revision. */
export function* choosePath(versions: Versions, request: TxnRequest, revision: number): Steps<TxnPath> {
  let succeeded = true;
  for (const compare of request.compare) {
    const found = isSingleKey(compare.rangeEnd) ? findOne(versions, compare.key, revision, ALL) : yield* find(versions, compare.key, compare.rangeEnd, revision, ALL);
    if (holds(compare, found.versions as StoredVersion[])) continue;
    succeeded = false;
    break;
  }
  const ops = succeeded ? request.success : request.failure;
  let nested = NO_PATHS;
  for (let at = 0; at < ops.length; at++) {
    const op = ops[at];
    if (op.type === 'txn') nested = new Map(nested).set(at, yield* choosePath(versions, op.request, revision));
  }
  return { succeeded, ops, nested };
}

/**
 * Everything that can be refused is refused before the first write: all puts first, then all ranges (etcd's order). That
 * goes also for a put that keeps the value or lease of a key which the transaction itself has deleted by then: the door
 * lets it through where the deletion has no end, and etcd's members fall over it.
 */
export function checkPath(path: TxnPath, checkPut: (request: PutRequest) => ErrorCode | undefined, checkRange: (request: RangeRequest) => ErrorCode | undefined): ErrorCode | undefined {
  const deletions: KeyRange[] = [];
  return visit(path, (op) => {
    if (op.type === 'deleteRange') deletions.push(keyRange(op.request.key, op.request.rangeEnd));
    return op.type === 'put' ? checkPut(op.request) ?? refusalAfter(deletions, op.request) : undefined;
  }) ?? visit(path, (op) => (op.type === 'range' ? checkRange(op.request) : undefined));
}

function refusalAfter(deletions: readonly KeyRange[], { key, ignoreValue, ignoreLease }: PutRequest): ErrorCode | undefined {
  if (!ignoreValue && !ignoreLease) return undefined;
  return deletions.some(({ from, to }) => key >= from && (to === undefined || key < to)) ? 'key_unknown' : undefined;
}

function visit(path: TxnPath, check: (op: RequestOp) => ErrorCode | undefined): ErrorCode | undefined {
  for (let at = 0; at < path.ops.length; at++) {
    const nested = path.nested.get(at);
    const error = nested === undefined ? check(path.ops[at]) : visit(nested, check);
    if (error !== undefined) return error;
  }
  return undefined;
}

/** Whether the path changes anything if the keys it names exist. */
export function writes(path: TxnPath): boolean {
  return path.ops.some((op, at) => {
    const nested = path.nested.get(at);
    return nested === undefined ? op.type === 'put' || op.type === 'deleteRange' : writes(nested);
  });
}

/** A historical range whose bytes are in the backend, and the answer that waits for them. */
export interface Fill {
  readonly request: RangeRequest;
  readonly found: Found;
  readonly header: ResponseHeader;
  readonly responses: ResponseOp[];
  readonly position: number;
}

/** Headers inside a transaction carry the revision and nothing else. */
function innerHeader(revision: number): ResponseHeader {
  return { clusterId: 0n, memberId: 0n, revision, raftTerm: 0 };
}

/** Executes a checked path. Reads see what was written before them in the same transaction. */
export class TxnExecution {
  readonly fills: Fill[] = [];

  /**
   * @param revision the published revision
   * @param writer takes the changes; `undefined` where the path has none
   * @param wanted whether somebody reads the answers; where not, ranges are left out
   */
  constructor(
    private readonly versions: Versions,
    private readonly revision: number,
    private readonly writer: RevisionWriter | undefined,
    private readonly wanted: boolean,
  ) {}

  *run(path: TxnPath): Steps<ResponseOp[]> {
    const responses: ResponseOp[] = [];
    for (let at = 0; at < path.ops.length; at++) {
      const op = path.ops[at];
      switch (op.type) {
        case 'put': responses.push(this.put(op.request)); break;
        case 'deleteRange': {
          const prevKvs: StoredVersion[] | undefined = op.request.prevKv && this.wanted ? [] : undefined;
          const deleted = yield* this.write.deleteRange(op.request.key, op.request.rangeEnd, prevKvs);
          responses.push({ type: 'deleteRange', response: { header: innerHeader(this.visibleRevision), deleted, prevKvs: prevKvs ?? [] } });
          break;
        }
        case 'range': yield* this.range(op.request, responses); break;
        case 'txn': responses.push({ type: 'txn', response: yield* this.nested(path.nested.get(at) as TxnPath) }); break;
        case 'empty': throw new ApiError('key_unknown');
      }
    }
    return responses;
  }

  /** The revision that reads see: the one being written as soon as it has a change. */
  get visibleRevision(): number {
    return this.writer?.changed ? this.writer.revision : this.revision;
  }

  private get write(): RevisionWriter {
    if (this.writer === undefined) throw new Error('a transaction that only reads wants to write');
    return this.writer;
  }

  private put(request: PutRequest): ResponseOp {
    const prevKv = this.write.put(request);
    const header = innerHeader(this.write.revision);
    return { type: 'put', response: request.prevKv && prevKv !== undefined ? { header, prevKv } : { header } };
  }

  private *nested(path: TxnPath): Steps<TxnResponse> {
    return { header: innerHeader(0), succeeded: path.succeeded, responses: yield* this.run(path) };
  }

  private *range(request: RangeRequest, responses: ResponseOp[]): Steps<void> {
    const header = innerHeader(this.visibleRevision);
    if (!this.wanted) {
      responses.push({ type: 'range', response: { header, kvs: [], more: false, count: 0 } });
      return;
    }
    const asked = request.revision ?? 0;
    const found: Found = yield* find(this.versions, request.key, request.rangeEnd, asked > 0 ? asked : this.visibleRevision, versionsWanted(request));
    if (found.missing.length === 0) {
      responses.push({ type: 'range', response: rangeResponse(request, found, header) });
      return;
    }
    this.fills.push({ request, found, header, responses, position: responses.length });
    responses.push({ type: 'range', response: { header, kvs: [], more: false, count: found.count } });
  }
}
