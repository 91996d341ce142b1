import { type ChannelCredentials, Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Method } from '@quorate/wire';

/** What came of one call: the decoded response, or the status that refused it. */
export type Outcome<Response> =
  | { readonly response: Response }
  | { readonly code: number; readonly message: string };

/** A foreign gRPC stack that sends exactly the messages that a test makes. */
export class RawClient {
  private readonly client: Client;

  constructor(endpoint: string, security: ChannelCredentials = credentials.createInsecure()) {
    this.client = new Client(endpoint, security, {
      'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1, 'grpc.use_local_subchannel_pool': 1,
    });
  }

  async ask<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    const outcome = await this.try(method, request);
    if ('response' in outcome) return outcome.response;
    throw new Error(`${method.path}: ${outcome.code} ${outcome.message}`);
  }

  try<Request, Response>(method: Method<Request, Response>, request: Request, metadata?: Metadata): Promise<Outcome<Response>> {
    return this.tryBytes(method, method.request.encode(request), metadata);
  }

  /** With a message that need not be a valid one, to any path. */
  tryBytes<Response>(method: Pick<Method<never, Response>, 'path' | 'response'>, message: Buffer, metadata = new Metadata()): Promise<Outcome<Response>> {
    return new Promise((resolve) => {
      this.client.makeUnaryRequest(
        method.path, (bytes: Buffer) => bytes, (bytes) => method.response.decode(bytes), message, metadata,
        { deadline: Date.now() + CALL_TIMEOUT_MS },
        (error: ServiceError | null, response?: Response) => {
          if (error) resolve({ code: error.code, message: error.details });
          else resolve({ response: response as Response });
        },
      );
    });
  }

  open<Request, Response>(method: Method<Request, Response>, metadata = new Metadata()): RawStream<Request, Response> {
    const call = this.client.makeBidiStreamRequest(
      method.path, (bytes: Buffer) => bytes, (bytes: Buffer) => method.response.decode(bytes), metadata,
    );
    return new RawStream(method, call);
  }

  close(): void {
    this.client.close();
  }
}

const CALL_TIMEOUT_MS = 12_000;
const STREAM_TIMEOUT_MS = 10_000;

/** A stream whose answers are taken one by one. */
export class RawStream<Request, Response> {
  private readonly received: Response[] = [];
  private status: { code: number; message: string } | undefined;
  private wake: (() => void) | undefined;

  constructor(private readonly method: Method<Request, Response>, private readonly call: ClientDuplexStream<Buffer, Response>) {
    call.on('data', (response: Response) => {
      this.received.push(response);
      this.wake?.();
    });
    call.on('error', () => undefined);
    call.on('status', ({ code, details }: { code: number; details: string }) => {
      this.status = { code, message: details };
      this.wake?.();
    });
  }

  send(request: Request): void {
    this.sendBytes(this.method.request.encode(request));
  }

  sendBytes(message: Buffer): void {
    this.call.write(message);
  }

  halfClose(): void {
    this.call.end();
  }

  cancel(): void {
    this.call.cancel();
  }

  /** Stops reading: what the server sends stays in the sockets. */
  pause(): void {
    this.call.pause();
  }

  resume(): void {
    this.call.resume();
  }

  /** The next answer, or the status that ended the stream. */
  async next(): Promise<Outcome<Response>> {
    const deadline = Date.now() + STREAM_TIMEOUT_MS;
    for (;;) {
      const response = this.received.shift();
      if (response !== undefined) return { response };
      if (this.status) return this.status;
      if (Date.now() > deadline) throw new Error(`${this.method.path}: no answer within ${STREAM_TIMEOUT_MS} ms`);
      await this.arrival(deadline - Date.now());
    }
  }

  async nextResponse(): Promise<Response> {
    const outcome = await this.next();
    if ('response' in outcome) return outcome.response;
    throw new Error(`${this.method.path}: ended with ${outcome.code} ${outcome.message}`);
  }

  private arrival(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
    });
  }
}
