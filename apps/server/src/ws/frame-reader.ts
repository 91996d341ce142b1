import { PlatformError } from '@quorate/api';
import type { Observable } from 'rxjs';
import type { RawData, WebSocket } from 'ws';
import { Answer } from './answer';
import { AnswerSender } from './answer-sender';
import { isBadFrame, type OpFrame, type ReadFrame, readFrame } from './op-frame';
import type { WsLimits } from './ws-limits';

/** An op, as Nest hands it to adapters: with its guards, pipes and filter. */
export interface OpHandler {
  readonly message: string;
  readonly callback: (frame: unknown, op: string) => unknown;
}

/**
 * Takes the frames of one socket: each one gets exactly one answer. Ops begin in the order in which their frames came,
 * one after the other; one that has to wait hands back an observable and does not hold up those behind it.
 */
export class FrameReader {
  private queue: ReadFrame[] = [];
  private serving = false;
  private paused = false;
  private readonly answers: AnswerSender;
  private readonly ops: ReadonlyMap<string, OpHandler>;

  constructor(
    private readonly socket: WebSocket,
    handlers: readonly OpHandler[],
    private readonly transform: (result: unknown) => Observable<unknown>,
    private readonly limits: WsLimits,
  ) {
    this.ops = new Map(handlers.map((handler) => [handler.message, handler]));
    this.answers = AnswerSender.of(socket);
    this.answers.onSent = (): void => this.resume();
  }

  receive(data: RawData, isBinary: boolean): void {
    this.queue.push(readFrame(data, isBinary, this.limits.frameBytesMax));
    if (this.queue.length > this.limits.framesQueuedMax) this.pause();
    if (!this.serving) void this.serve();
  }

  private async serve(): Promise<void> {
    this.serving = true;
    while (this.queue.length > 0) {
      const frames = this.queue;
      this.queue = [];
      for (const frame of frames) {
        if (this.socket.readyState !== this.socket.OPEN) break;
        if (isBadFrame(frame)) this.answers.sendError(frame.id, frame.error.body);
        else await this.serveOp(frame);
        if (this.answers.waitingBytes > this.limits.answerBytesMax) this.pause();
      }
    }
    this.serving = false;
    this.resume();
  }

  private async serveOp(frame: OpFrame): Promise<void> {
    const handler = this.ops.get(frame.op);
    if (!handler) {
      const error = new PlatformError('op_unknown', `there is no op ${JSON.stringify(frame.op)}; known are ${[...this.ops.keys()].join(', ')}`, 'op');
      return this.answers.sendError(frame.id, error.body);
    }
    // Never rejects: the gateway's filter answers errors, and the result is `undefined` then.
    const result: unknown = await handler.callback(frame, frame.op);
    this.transform(Promise.resolve(result)).subscribe((answer) => {
      if (!(answer instanceof Answer)) return;
      this.answers.send(JSON.stringify({ id: frame.id, type: answer.type, ...answer.fields }));
      answer.afterSent?.();
    });
  }

  /** Frames that nobody serves in time, and answers that nobody reads, wait with the client and not here. */
  private pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
  }

  private resume(): void {
    if (!this.paused || this.serving || this.answers.waitingBytes > this.limits.answerBytesMax / 2) return;
    this.paused = false;
    this.socket.resume();
  }
}
