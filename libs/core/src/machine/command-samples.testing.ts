import fc from 'fast-check';
import type { Compare, PutRequest, RangeRequest, RequestOp, TxnRequest } from '@quorate/api';
import type { Command } from './command';

const EMPTY = Buffer.alloc(0);

/** Requests as decoding makes them: every field there, zero or empty where it was left out. */
export const range = (over: Partial<RangeRequest> & { key: string }): RangeRequest => ({
  rangeEnd: '', limit: 0, revision: 0, sortOrder: 0, sortTarget: 0, serializable: false, keysOnly: false, countOnly: false,
  minModRevision: 0, maxModRevision: 0, minCreateRevision: 0, maxCreateRevision: 0, ...over,
});
export const put = (over: Partial<PutRequest> & { key: string }): PutRequest => ({
  value: EMPTY, lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false, ...over,
});
export const compare = (over: Partial<Compare> & { key: string }): Compare => ({
  rangeEnd: '', result: 0, target: 0, version: 0, createRevision: 0, modRevision: 0, value: EMPTY, lease: 0n, ...over,
});

const key = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 300 });
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const anyNumber = fc.oneof(fc.constant(0), fc.maxSafeInteger()).map((number) => number + 0);
const position = fc.maxSafeNat();
const enumeration = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const flag = fc.boolean();

const rangeRequest = fc.record<RangeRequest>({
  key, rangeEnd: key, limit: anyNumber, revision: anyNumber, sortOrder: enumeration, sortTarget: enumeration, serializable: flag, keysOnly: flag,
  countOnly: flag, minModRevision: anyNumber, maxModRevision: anyNumber, minCreateRevision: anyNumber, maxCreateRevision: anyNumber,
});
const putRequest = fc.record<PutRequest>({ key, value: bytes, lease: int64, prevKv: flag, ignoreValue: flag, ignoreLease: flag });
const deleteRequest = fc.record({ key, rangeEnd: key, prevKv: flag });
const anyCompare = fc.record<Compare>({
  key, rangeEnd: key, result: enumeration, target: enumeration, version: anyNumber, createRevision: anyNumber, modRevision: anyNumber, value: bytes, lease: int64,
});

const txnRequest = fc.letrec<{ txn: TxnRequest; op: RequestOp }>((tie) => ({
  op: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    rangeRequest.map((request): RequestOp => ({ type: 'range', request })),
    putRequest.map((request): RequestOp => ({ type: 'put', request })),
    deleteRequest.map((request): RequestOp => ({ type: 'deleteRange', request })),
    fc.constant<RequestOp>({ type: 'empty' }),
    tie('txn').map((request): RequestOp => ({ type: 'txn', request })),
  ),
  txn: fc.record({
    compare: fc.array(anyCompare, { maxLength: 3 }), success: fc.array(tie('op'), { maxLength: 3 }), failure: fc.array(tie('op'), { maxLength: 3 }),
  }),
})).txn;

const session = fc.record({ id: position, number: position, lowestUnanswered: position });
const user = fc.record({ name: fc.string({ unit: 'binary' }), authRevision: position });
const text = fc.string({ unit: 'binary', maxLength: 50 });

const body = fc.oneof(
  fc.constant({ type: 'noop' as const }),
  putRequest.map((request) => ({ type: 'put' as const, request })),
  deleteRequest.map((request) => ({ type: 'deleteRange' as const, request })),
  txnRequest.map((request) => ({ type: 'txn' as const, request })),
  anyNumber.map((revision) => ({ type: 'compact' as const, request: { revision } })),
  fc.record({ type: fc.constant('leaseGrant' as const), id: int64, ttlSeconds: anyNumber }),
  fc.record({ type: fc.constant('leaseRevoke' as const), id: int64 }),
  fc.record({ type: fc.constant('leaseExpire' as const), term: position, leases: fc.array(fc.record({ id: int64, renewalEpoch: position })) }),
  fc.record({
    type: fc.constant('leaseCheckpoint' as const), term: position,
    leases: fc.array(fc.record({ id: int64, renewalEpoch: position, remainingSeconds: anyNumber })),
  }),
  fc.record({ type: fc.constant('leaseClear' as const), ids: fc.array(int64) }),
  fc.record({ action: enumeration, memberId: uint64, alarm: enumeration }).map((request) => ({ type: 'alarm' as const, request })),
  fc.record({ type: fc.constant('memberAttributes' as const), memberId: uint64, name: text, clientUrls: fc.array(text) }),
  fc.record({ type: fc.constant('clusterVersion' as const), version: text }),
);

/** Any command, with and without the blocks of the header. */
export const anyCommand: fc.Arbitrary<Command> = fc.tuple(body, position, fc.option(session, { nil: undefined }), fc.option(user, { nil: undefined }))
  .map(([what, proposalId, ofSession, byUser]) => ({ ...what, proposalId, ...(ofSession && { session: ofSession }), ...(byUser && { user: byUser }) }));

const value = (content: string): Buffer => Buffer.from(content, 'latin1');

/** One command of each kind and shape that the golden files hold. Never changed, only added to. */
export const goldenCommands: Readonly<Record<string, Command>> = {
  'noop': { type: 'noop', proposalId: 1 },
  'put': { type: 'put', proposalId: 2, request: put({ key: 'key\x00\xff', value: value('value') }) },
  'put-all': {
    type: 'put', proposalId: Number.MAX_SAFE_INTEGER,
    request: put({ key: 'k', value: value('v'), lease: -2n, prevKv: true, ignoreValue: true, ignoreLease: true }),
  },
  'put-session': {
    type: 'put', proposalId: 3, request: put({ key: 'key', value: value('value'), lease: 7n }),
    session: { id: 10, number: 11, lowestUnanswered: 9 }, user: { name: 'ann', authRevision: 5 },
  },
  'delete-range': { type: 'deleteRange', proposalId: 4, request: { key: 'a', rangeEnd: 'b', prevKv: true } },
  'delete-key': { type: 'deleteRange', proposalId: 5, request: { key: 'a', rangeEnd: '', prevKv: false } },
  'txn': {
    type: 'txn', proposalId: 6, request: {
      compare: [
        compare({ key: 'k', target: 2, result: 1, modRevision: 3 }),
        compare({ key: 'k', rangeEnd: 'l', target: 3, result: 3, value: value('x') }),
        compare({ key: 'l', target: 4, lease: -1n }), compare({ key: 'm', version: 1, createRevision: -2 }),
      ],
      success: [
        { type: 'put', request: put({ key: 'k', value: value('v'), lease: 1n, prevKv: true }) },
        { type: 'deleteRange', request: { key: 'x', rangeEnd: '\0', prevKv: true } },
        { type: 'txn', request: { compare: [], success: [{ type: 'range', request: range({ key: 'n' }) }], failure: [{ type: 'empty' }] } },
      ],
      failure: [{
        type: 'range', request: range({
          key: 'a', rangeEnd: 'z', limit: 10, revision: 4, sortOrder: 2, sortTarget: 3, serializable: true, keysOnly: true, countOnly: true,
          minModRevision: 1, maxModRevision: 2, minCreateRevision: 3, maxCreateRevision: 4,
        }),
      }],
    },
  },
  'compact': { type: 'compact', proposalId: 7, request: { revision: 123456789012 } },
  'lease-grant': { type: 'leaseGrant', proposalId: 8, id: -9n, ttlSeconds: 9_000_000_000 },
  'lease-revoke': { type: 'leaseRevoke', proposalId: 9, id: 2n ** 63n - 1n },
  'lease-expire': { type: 'leaseExpire', proposalId: 10, term: 4, leases: [{ id: 1n, renewalEpoch: 20 }, { id: 2n, renewalEpoch: 2 ** 40 }] },
  'lease-checkpoint': { type: 'leaseCheckpoint', proposalId: 11, term: 4, leases: [{ id: 1n, renewalEpoch: 20, remainingSeconds: 300 }] },
  'lease-clear': { type: 'leaseClear', proposalId: 12, ids: [1n, -1n] },
  'alarm': { type: 'alarm', proposalId: 13, request: { action: 1, memberId: 2n ** 64n - 1n, alarm: 2 } },
  'member-attributes': { type: 'memberAttributes', proposalId: 14, memberId: 2n ** 63n, name: 'nøde', clientUrls: ['http://a:1', 'http://b:2'] },
  'cluster-version': { type: 'clusterVersion', proposalId: 15, version: '3.6.0' },
};
