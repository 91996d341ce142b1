import {
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { bytesField, messageField, MessageReader, varintField } from './protobuf';

/** Ways in which the server for tests can go wrong. */
export interface Misbehaviour {
  /** Every n-th put fails with RESOURCE_EXHAUSTED. */
  failEveryPut?: number;
  /** Puts are acknowledged without being done: the revision stands still. */
  forgetPuts?: boolean;
  /** The revision before the first write. */
  startRevision?: number;
  /** Ranges find nothing. */
  findNothing?: boolean;
  /** Transactions take the other branch. */
  refuseTransactions?: boolean;
  /** Keep-alives answer TTL 0, as for an expired lease. */
  expireLeases?: boolean;
  /** The first watcher of a stream misses every second event. */
  loseEvents?: boolean;
  /** All calls fail with UNIMPLEMENTED but the first so many. */
  unimplementedAfter?: number;
}

export interface TinyEtcd {
  readonly port: number;
  /** Puts and transactions that were done. */
  readonly writes: () => number;
  close(): void;
}

type Bytes = Buffer;
const identity = (bytes: Bytes): Bytes => bytes;

function method(path: string, streams: boolean): ServiceDefinition[string] {
  return {
    path,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
}

/** A server on grpc-js, which shares no HTTP/2 code with the generator, that knows just what the workloads ask. */
export async function startTinyEtcd(misbehaviour: Misbehaviour = {}): Promise<TinyEtcd> {
  let revision = misbehaviour.startRevision ?? 1;
  let calls = 0;
  let writes = 0;
  const value = Buffer.alloc(256, 7);
  const watchers = new Set<(event: Buffer) => void>();
  const header = (): Buffer => messageField(1, varintField(1, 1), varintField(2, 2), varintField(3, revision));

  const write = (kv: Buffer): void => {
    if (misbehaviour.forgetPuts !== true) revision++;
    writes++;
    const event = messageField(
      11,
      messageField(2, bytesField(1, Buffer.from('k')), varintField(3, revision), bytesField(5, kv)),
    );
    for (const notify of watchers) notify(event);
  };
  const unary =
    (answer: (request: Buffer) => Buffer | { code: status; details: string }) =>
    (call: ServerUnaryCall<Bytes, Bytes>, callback: sendUnaryData<Bytes>): void => {
      calls++;
      const outcome =
        misbehaviour.unimplementedAfter !== undefined && calls > misbehaviour.unimplementedAfter
          ? { code: status.UNIMPLEMENTED, details: 'not here' }
          : answer(call.request);
      if (Buffer.isBuffer(outcome)) callback(null, outcome);
      else callback(outcome);
    };

  const server = new Server();
  server.addService(
    {
      range: method('/etcdserverpb.KV/Range', false),
      put: method('/etcdserverpb.KV/Put', false),
      txn: method('/etcdserverpb.KV/Txn', false),
      grant: method('/etcdserverpb.Lease/LeaseGrant', false),
      keepAlive: method('/etcdserverpb.Lease/LeaseKeepAlive', true),
      watch: method('/etcdserverpb.Watch/Watch', true),
    },
    {
      range: unary(() => {
        const kv = messageField(2, bytesField(1, Buffer.from('k')), bytesField(5, value));
        return misbehaviour.findNothing === true ? header() : Buffer.concat([header(), kv, varintField(4, 1)]);
      }),
      put: unary((request) => {
        if (misbehaviour.failEveryPut !== undefined && calls % misbehaviour.failEveryPut === 0) {
          return { code: status.RESOURCE_EXHAUSTED, details: 'etcdserver: mvcc: database space exceeded' };
        }
        write(fieldOf(request, 2));
        return header();
      }),
      txn: unary(() => {
        if (misbehaviour.refuseTransactions === true) return header();
        write(value);
        return Buffer.concat([header(), varintField(2, 1), messageField(3, messageField(2))]);
      }),
      grant: unary((request) =>
        Buffer.concat([header(), varintField(2, numberOf(request, 2)), varintField(3, numberOf(request, 1))]),
      ),
      keepAlive: (call: ServerDuplexStream<Bytes, Bytes>) => {
        call.on('error', () => undefined);
        call.on('data', (request: Buffer) => {
          const ttl = misbehaviour.expireLeases === true ? 0 : 60;
          call.write(Buffer.concat([header(), varintField(2, numberOf(request, 1)), varintField(3, ttl)]));
        });
      },
      watch: (call: ServerDuplexStream<Bytes, Bytes>) => {
        call.setMaxListeners(0);
        call.on('error', () => undefined);
        call.on('data', (request: Buffer) => {
          const watchId = numberOf(fieldOf(request, 1), 7);
          let events = 0;
          call.write(Buffer.concat([header(), varintField(2, watchId), varintField(3, 1)]));
          const notify = (event: Buffer): void => {
            events++;
            if (misbehaviour.loseEvents === true && watchId === 1 && events % 2 === 0) return;
            call.write(Buffer.concat([header(), varintField(2, watchId), event]));
          };
          watchers.add(notify);
          call.on('close', () => watchers.delete(notify));
        });
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, writes: () => writes, close: () => server.forceShutdown() };
}

function fieldOf(message: Buffer, field: number): Buffer {
  const reader = new MessageReader().open(message, 0, message.length);
  while (reader.next()) if (reader.field === field) return message.subarray(reader.start, reader.end);
  return Buffer.alloc(0);
}

function numberOf(message: Buffer, field: number): number {
  const reader = new MessageReader().open(message, 0, message.length);
  while (reader.next()) if (reader.field === field) return reader.value;
  return 0;
}
