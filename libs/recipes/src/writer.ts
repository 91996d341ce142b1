import {
  type CallContext, type Clock, type Compare, CompareResult, CompareTarget, DEFAULT_NAMESPACE, type KvApi,
  PlatformError, type RangeRequest, type RangeResponse, type RequestOp, type ResponseOp, type TxnResponse,
} from '@quorate/api';
import { waitForChange } from './follow';
import { firstAnswer, type IdempotencyClaim, IdempotencyLeases, isLeaseLoss } from './idempotency';
import { idempotencyKey, namespaceKey } from './layout';
import { jsonBytes } from './stored-json';

export interface WriteOptions {
  readonly idempotency?: IdempotencyClaim;
  readonly context?: CallContext;
}

/** One transaction of the platform: what has to hold, what is then written, and what to look at where it does not hold. */
export interface Write<R> {
  /** Namespaces that must exist. */
  readonly namespaces: readonly string[];
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RangeRequest[];
  /** The answer, but for its revision; `undefined` where it is known only afterwards, see {@link Writer.note}. */
  readonly result: R;
}

export type Written<R> =
  | { readonly type: 'applied'; readonly result: R; readonly revision: number; readonly responses: readonly ResponseOp[]; readonly replayed: boolean }
  /** A condition did not hold; `reads` answer `failure`. */
  | { readonly type: 'refused'; readonly reads: readonly RangeResponse[]; readonly revision: number };

/** How long a repeat waits for the first call to note its answer. */
const NOTE_WAIT_MS = 1000;

/** How often an operation looks again after others changed what it had read. */
export const ATTEMPTS_MAX = 16;

/**
 * Executes the platform's writes, each in one transaction together with its record for repeats and with the condition that
 * its namespaces exist.
 */
export class Writer {
  private readonly leases: IdempotencyLeases;

  constructor(readonly kv: KvApi, private readonly clock: Clock) {
    this.leases = new IdempotencyLeases(kv, clock);
  }

  /** The answer to an earlier call with this claim, looked up before anything is prepared. */
  async replayOf<R>({ idempotency, context }: WriteOptions): Promise<{ readonly result: R; readonly revision: number } | undefined> {
    if (!idempotency) return undefined;
    const key = idempotencyKey(idempotency.key);
    const { kvs } = await this.kv.range({ key }, context);
    if (!kvs[0]) return undefined;
    const answer = firstAnswer<R>(idempotency, kvs[0]);
    if (answer) return answer;
    // The first call may just be about to note its answer.
    await waitForChange(this.kv, this.clock, { key, rangeEnd: '' }, kvs[0].modRevision, NOTE_WAIT_MS, context?.signal);
    const again = (await this.kv.range({ key }, context)).kvs[0];
    const noted = again && firstAnswer<R>(idempotency, again);
    if (!noted) throw new PlatformError('idempotency_incomplete', `the call was applied at revision ${kvs[0].createRevision}, but its answer was lost`);
    return noted;
  }

  /** @throws PlatformError `namespace_unknown`, `idempotency_conflict`, `idempotency_incomplete` */
  async write<R>(write: Write<R>, { idempotency, context }: WriteOptions): Promise<Written<R>> {
    for (let attempt = 1; ; attempt++) {
      const lease = idempotency ? await this.leases.take(context) : 0n;
      const conditions = conditionsOf(write.namespaces, idempotency);
      const record: RequestOp[] = idempotency ? [recordOp(idempotency, write.result, lease)] : [];
      try {
        const response = await this.kv.txn({
          compare: [...conditions.compare, ...write.compare],
          success: [...write.success, ...record],
          failure: [...conditions.reads, ...write.failure].map((request) => ({ type: 'range', request })),
        }, context);
        const outcome = outcomeOf(write, response, conditions.names);
        if (outcome) return outcome;
      } catch (error) {
        if (!isLeaseLoss(error) || lease === 0n || attempt === ATTEMPTS_MAX || !(await this.leases.lost(lease, context))) throw error;
        continue;
      }
      const first = await this.replayOf<R>({ idempotency, context });
      if (first) return { type: 'applied', ...first, responses: [], replayed: true };
      if (attempt === ATTEMPTS_MAX) throw new PlatformError('write_contended');
    }
  }

  /** Completes the record of a call whose answer was not known before it was applied. */
  async note(result: unknown, { idempotency, context }: WriteOptions): Promise<void> {
    if (!idempotency) return;
    const key = idempotencyKey(idempotency.key);
    await this.kv.txn({
      compare: [exists(key)],
      success: [{ type: 'put', request: { key, value: jsonBytes({ fingerprint: idempotency.fingerprint, result }), ignoreLease: true } }],
      failure: [],
    }, context);
  }
}

/** The condition that a key was last changed at this revision; 0: that there is none. */
export function unchanged(key: string, modRevision: number): Compare {
  return { key, target: CompareTarget.MOD, result: CompareResult.EQUAL, modRevision };
}

export function absent(key: string): Compare {
  return { key, target: CompareTarget.CREATE, result: CompareResult.EQUAL, createRevision: 0 };
}

export function exists(key: string): Compare {
  return { key, target: CompareTarget.CREATE, result: CompareResult.GREATER, createRevision: 0 };
}

interface Conditions {
  readonly compare: Compare[];
  readonly reads: RangeRequest[];
  /** One per read; `undefined` is the record's. */
  readonly names: (string | undefined)[];
}

function conditionsOf(namespaces: readonly string[], idempotency: IdempotencyClaim | undefined): Conditions {
  const conditions: Conditions = { compare: [], reads: [], names: [] };
  const add = (compare: Compare, name: string | undefined): void => {
    conditions.compare.push(compare);
    conditions.reads.push({ key: compare.key });
    conditions.names.push(name);
  };
  if (idempotency) add(absent(idempotencyKey(idempotency.key)), undefined);
  for (const namespace of new Set(namespaces)) if (namespace !== DEFAULT_NAMESPACE) add(exists(namespaceKey(namespace)), namespace);
  return conditions;
}

function recordOp({ key, fingerprint }: IdempotencyClaim, result: unknown, lease: bigint): RequestOp {
  return { type: 'put', request: { key: idempotencyKey(key), value: jsonBytes({ fingerprint, result }), lease } };
}

/** `undefined`: there is a record of this call already. */
function outcomeOf<R>(write: Write<R>, response: TxnResponse, names: readonly (string | undefined)[]): Written<R> | undefined {
  const { revision } = response.header;
  if (response.succeeded) {
    return { type: 'applied', result: write.result, revision, responses: response.responses.slice(0, write.success.length), replayed: false };
  }
  const reads = response.responses.map(rangeOf);
  for (const [at, name] of names.entries()) {
    const found = reads[at]?.kvs[0] !== undefined;
    if (name === undefined && found) return undefined;
    if (name !== undefined && !found) throw new PlatformError('namespace_unknown', `there is no namespace ${name}`, 'namespace');
  }
  return { type: 'refused', reads: reads.slice(names.length), revision };
}

function rangeOf(response: ResponseOp): RangeResponse {
  if (response.type !== 'range') throw new PlatformError('internal');
  return response.response;
}
