import type { Clock, KvApi, Random, Watch, WatchBatch } from '@quorate/api';
import { GrpcCode } from '@quorate/api';
import type { GrpcStatus, WatchStreamRequest, WatchStreamResponse } from '@quorate/wire';
import type { MessageStream } from './method';
import { WatchStream } from './watch-stream';

const header = { clusterId: 1n, memberId: 2n, revision: 1, raftTerm: 3 };
const request: WatchStreamRequest = { type: 'create', request: { key: 'k', watchId: 0, fragment: false } };

/** A stream that fails to encode whatever `fits` refuses; resolves with the status it ends with. */
class Recorded {
  readonly sent: WatchStreamResponse[] = [];
  receive: (request: WatchStreamRequest) => void = () => undefined;
  readonly ended: Promise<GrpcStatus | undefined>;
  readonly stream: MessageStream<WatchStreamRequest, WatchStreamResponse>;

  constructor(fits: (response: WatchStreamResponse) => boolean) {
    let end: (status?: GrpcStatus) => void = () => undefined;
    this.ended = new Promise((resolve) => { end = resolve; });
    this.stream = {
      peer: '', metadata: () => undefined, onHalfClose: () => undefined, pause: () => undefined, resume: () => undefined,
      onCancel: () => undefined, onDrain: () => undefined, end,
      onMessage: (listener) => { this.receive = listener; },
      send: (response) => {
        if (!fits(response)) throw new RangeError('Invalid string length');
        this.sent.push(response);
        return true;
      },
    };
  }
}

function serve(fits: (response: WatchStreamResponse) => boolean, watch: () => Promise<Watch>): Recorded {
  const recorded = new Recorded(fits);
  const kv = { watch } as unknown as KvApi;
  new WatchStream(recorded.stream, {
    kv, clock: {} as Clock, random: {} as Random, header: () => header, progressIntervalMs: 1000, fragmentBytesMax: 1000,
  });
  recorded.receive(request);
  return recorded;
}

describe('what goes wrong on a watch stream ends that stream, and nothing else', () => {
  test('events that cannot be encoded', async () => {
    const batches: WatchBatch[] = [{ type: 'events', revision: 2, events: [{ type: 1, kv: { encoded: Buffer.alloc(3) } as never }] }];
    let closed = 0;
    const watch = {
      createdRevision: 1, poll: () => batches.shift(), progress: () => undefined, close: () => { closed++; },
      onReadable: (listener: () => void) => listener(),
    };
    const recorded = serve((response) => response.events.length === 0, () => Promise.resolve(watch as unknown as Watch));
    expect(await recorded.ended).toEqual({ code: GrpcCode.UNKNOWN, message: 'Invalid string length' });
    expect(recorded.sent).toEqual([{ header, watchId: 0, created: true, events: [] }]);
    expect(closed).toBe(1);
  });

  test('a watch that cannot be opened', async () => {
    const recorded = serve(() => true, () => Promise.reject(new Error('a defect')));
    expect(await recorded.ended).toEqual({ code: GrpcCode.UNKNOWN, message: 'a defect' });
  });
});
