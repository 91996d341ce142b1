import {
  ApiError, type CancelTimer, type Clock, ERROR_TABLE, GrpcCode, type KvApi, type Random, type ResponseHeader,
  type Watch, type WatchBatch, type WatchEvent,
} from '@quorate/api';
import { grpcStatusOf, type WatchCreateRequest, type WatchStreamRequest, type WatchStreamResponse } from '@quorate/wire';
import { contextOf, type MessageStream } from './method';

/** Says "no watcher in particular" (etcd: `InvalidWatchID`). */
const NO_WATCH_ID = -1;
/** Events that wait for one watcher are put into one message up to this size. */
const MESSAGE_BYTES_MAX = 64 * 1024;
/** What an event adds to a message beside its key-values. */
const EVENT_OVERHEAD_BYTES = 32;

export interface WatchStreamOptions {
  readonly kv: KvApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly header: () => ResponseHeader;
  readonly progressIntervalMs: number;
  /** A response of a watcher that asked for fragments is split above this size. */
  readonly fragmentBytesMax: number;
}

interface StreamWatcher {
  readonly id: number;
  readonly watch: Watch;
  readonly fragment: boolean;
  readonly progressNotify: boolean;
  /** Something was sent since the last look of the progress timer. */
  active: boolean;
}

type Stream = MessageStream<WatchStreamRequest, WatchStreamResponse>;

/**
 * The server's side of one watch stream: many watchers on one call. Watchers that have something to tell take turns, so
 * that a busy one does not starve the others, and nothing is taken from them while the stream is full.
 */
export class WatchStream {
  private readonly watchers = new Map<number, StreamWatcher>();
  private readonly readable = new Set<StreamWatcher>();
  private nextId = 0;
  private full = false;
  private flushRequested = false;
  private progressRequested = false;
  private ended = false;
  private cancelTimer: CancelTimer | undefined;
  /** Creations are answered in the order in which they were asked for. */
  private creations: Promise<void> = Promise.resolve();

  constructor(private readonly stream: Stream, private readonly options: WatchStreamOptions) {
    stream.onMessage((request) => this.receive(request));
    stream.onCancel(() => this.close());
    stream.onDrain(() => {
      this.full = false;
      this.requestFlush();
    });
  }

  private receive(request: WatchStreamRequest): void {
    if (request.type === 'empty') return;
    this.creations = this.creations.then(() => this.carryOut(request)).catch((error: unknown) => this.end(grpcStatusOf(error)));
  }

  private carryOut(request: WatchStreamRequest): Promise<void> | void {
    switch (request.type) {
      case 'create': return this.create(request.request);
      case 'cancel': return this.cancel(request.request.watchId);
      case 'progress':
        this.progressRequested = true;
        this.requestFlush();
        return;
      case 'empty':
    }
  }

  private async create(request: WatchCreateRequest): Promise<void> {
    if (this.ended) return;
    const { startRevision = 0 } = request;
    if (startRevision < 0) return this.refuse(new ApiError('compacted'));
    if (request.watchId !== 0 && this.watchers.has(request.watchId)) return this.refuse(new ApiError('watch_id_duplicate'));
    try {
      const watch = await this.options.kv.watch(request, contextOf(this.stream));
      this.start(request, watch);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === 'no_leader') this.stream.end({ code: GrpcCode.UNAVAILABLE, message: error.message });
      else this.refuse(error);
    }
  }

  private start(request: WatchCreateRequest, watch: Watch): void {
    if (this.ended) return watch.close();
    const id = request.watchId === 0 ? this.pickId() : request.watchId;
    const watcher: StreamWatcher = {
      id, watch, fragment: request.fragment, progressNotify: request.progressNotify ?? false, active: false,
    };
    this.watchers.set(id, watcher);
    this.send({ header: { ...this.options.header(), revision: watch.createdRevision }, watchId: id, created: true, events: [] });
    watch.onReadable(() => {
      this.readable.add(watcher);
      this.requestFlush();
    });
    if (watcher.progressNotify) this.startProgressTimer();
  }

  private pickId(): number {
    while (this.watchers.has(this.nextId)) this.nextId++;
    return this.nextId++;
  }

  private refuse(error: ApiError): void {
    this.send({
      header: this.options.header(), watchId: NO_WATCH_ID, created: true, canceled: true,
      cancelReason: error.message, events: [],
    });
  }

  private cancel(id: number): void {
    const watcher = this.watchers.get(id);
    if (!watcher) return;
    this.remove(watcher);
    this.send({ header: this.options.header(), watchId: id, canceled: true, events: [] });
  }

  private remove(watcher: StreamWatcher): void {
    this.watchers.delete(watcher.id);
    this.readable.delete(watcher);
    watcher.watch.close();
  }

  /** All changes of one turn go out together, after the turn. */
  private requestFlush(): void {
    if (this.flushRequested || this.full || this.ended) return;
    this.flushRequested = true;
    queueMicrotask(() => {
      this.flushRequested = false;
      try {
        this.flush();
      } catch (error) {
        // A message can be too large for its encoding: JSON ends at the longest string there is. That ends this stream only.
        this.end(grpcStatusOf(error));
      }
    });
  }

  private flush(): void {
    while (this.readable.size > 0 && !this.full && !this.ended) {
      for (const watcher of this.readable) {
        if (this.full || this.ended) return;
        if (!this.sendNext(watcher)) this.readable.delete(watcher);
      }
    }
    if (this.progressRequested && !this.full && !this.ended) this.answerProgress();
  }

  /** False: the watcher has nothing more to tell for now. */
  private sendNext(watcher: StreamWatcher): boolean {
    let events: readonly WatchEvent[] = NO_EVENTS;
    let merged: WatchEvent[] | undefined;
    let revision = 0;
    let bytes = 0;
    for (;;) {
      const batch = watcher.watch.poll();
      if (batch?.type !== 'events') {
        // Told everything: the header says up to where, as etcd's does. Before that it never promises what is still to come.
        if (events.length > 0) this.sendEvents(watcher, watcher.watch.progress() ?? revision, events, bytes);
        if (batch) this.sendEnd(watcher, batch);
        return false;
      }
      if (events.length === 0) events = batch.events;
      else {
        if (!merged) events = merged = [...events];
        for (const event of batch.events) merged.push(event);
      }
      ({ revision } = batch);
      bytes += bytesOf(batch.events);
      if (bytes >= MESSAGE_BYTES_MAX) {
        this.sendEvents(watcher, revision, events, bytes);
        return true;
      }
    }
  }

  private sendEvents(watcher: StreamWatcher, revision: number, events: readonly WatchEvent[], bytes: number): void {
    watcher.active = true;
    const header = { ...this.options.header(), revision };
    if (!watcher.fragment || bytes <= this.options.fragmentBytesMax) {
      this.send({ header, watchId: watcher.id, events });
      return;
    }
    const parts = splitEvents(events, this.options.fragmentBytesMax);
    parts.forEach((part, at) => this.send({ header, watchId: watcher.id, events: part, fragment: at < parts.length - 1 }));
  }

  private sendEnd(watcher: StreamWatcher, batch: WatchBatch): void {
    const header = { ...this.options.header(), revision: batch.revision };
    switch (batch.type) {
      case 'compacted':
        // Without a revision, as etcd sends it.
        header.revision = 0;
        this.send({ header, watchId: watcher.id, canceled: true, compactRevision: batch.compactRevision, events: [] });
        return this.remove(watcher);
      case 'cancelled':
        // Only a member that stops ends watches by itself; its clients go on elsewhere when the stream breaks.
        return this.end({ code: ERROR_TABLE.stopped.grpc, message: batch.reason });
      case 'progress':
      case 'events':
        this.send({ header, watchId: watcher.id, events: [] });
    }
  }

  /** Answers only where every watcher of the stream has been told everything, as etcd does. */
  private answerProgress(): void {
    this.progressRequested = false;
    let revision = Number.MAX_SAFE_INTEGER;
    for (const { watch } of this.watchers.values()) {
      const progress = watch.progress();
      if (progress === undefined) return;
      revision = Math.min(revision, progress);
    }
    if (this.watchers.size > 0) this.send({ header: { ...this.options.header(), revision }, watchId: NO_WATCH_ID, events: [] });
  }

  private startProgressTimer(): void {
    if (this.cancelTimer) return;
    const { clock, random, progressIntervalMs } = this.options;
    // Up to a tenth more, so that the streams of many clients do not all tell at once.
    const delayMs = progressIntervalMs + random.int(Math.max(1, Math.floor(progressIntervalMs / 10)));
    this.cancelTimer = clock.setTimer(delayMs, () => {
      this.cancelTimer = undefined;
      this.notifyProgress();
      this.startProgressTimer();
    });
  }

  private notifyProgress(): void {
    for (const watcher of this.watchers.values()) {
      if (!watcher.progressNotify) continue;
      const revision = watcher.watch.progress();
      if (!watcher.active && revision !== undefined && !this.full) {
        this.send({ header: { ...this.options.header(), revision }, watchId: watcher.id, events: [] });
      }
      watcher.active = false;
    }
  }

  private send(response: WatchStreamResponse): void {
    if (this.ended) return;
    if (!this.stream.send(response)) this.full = true;
  }

  private end(status: { readonly code: GrpcCode; readonly message: string }): void {
    this.stream.end(status);
    this.close();
  }

  private close(): void {
    if (this.ended) return;
    this.ended = true;
    this.cancelTimer?.();
    for (const watcher of this.watchers.values()) watcher.watch.close();
    this.watchers.clear();
    this.readable.clear();
    this.stream.end();
  }
}

const NO_EVENTS: readonly WatchEvent[] = [];

function bytesOf(events: readonly WatchEvent[]): number {
  let bytes = 0;
  for (const event of events) bytes += EVENT_OVERHEAD_BYTES + event.kv.encoded.length + (event.prevKv?.encoded.length ?? 0);
  return bytes;
}

/** Parts of at most so many bytes, each with at least one event. */
function splitEvents(events: readonly WatchEvent[], bytesMax: number): WatchEvent[][] {
  const parts: WatchEvent[][] = [];
  let part: WatchEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const eventBytes = bytesOf([event]);
    if (part.length > 0 && bytes + eventBytes > bytesMax) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(event);
    bytes += eventBytes;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
