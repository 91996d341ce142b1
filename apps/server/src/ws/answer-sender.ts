import type { ErrorBody } from '@quorate/api';
import type { WebSocket } from 'ws';

/** Sends the answers of one socket, and knows how many bytes of them the client has not taken yet. */
export class AnswerSender {
  private static readonly ofSocket = new WeakMap<WebSocket, AnswerSender>();
  private unsentBytes = 0;
  /** Called whenever answers have gone out. */
  onSent: () => void = () => undefined;

  private constructor(private readonly socket: WebSocket) {}

  static of(socket: WebSocket): AnswerSender {
    let sender = AnswerSender.ofSocket.get(socket);
    if (!sender) {
      sender = new AnswerSender(socket);
      AnswerSender.ofSocket.set(socket, sender);
    }
    return sender;
  }

  get waitingBytes(): number {
    return this.unsentBytes;
  }

  send(text: string): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.unsentBytes += text.length;
    this.socket.send(text, () => {
      this.unsentBytes -= text.length;
      this.onSent();
    });
  }

  sendError(id: number | null, body: ErrorBody): void {
    this.send(JSON.stringify({ id, type: 'error', ...body }));
  }
}
