import type { GrpcStatus } from '../grpc/status';
import type { ConnectionState } from './connection-state';
import { Http2ErrorCode } from './protocol.table';
import { Http2Stream } from './stream';

const TEXT = Buffer.from('This port serves gRPC over HTTP/2; everything else over HTTP/1.1.\n');
/** Of a body that nobody wants, so much is taken before the answer. */
const BODY_BYTES_MAX = 64 * 1024;

/** A request that is no gRPC call: answered, in a way that people with a browser or curl understand, after its body. */
export class NotGrpcCall extends Http2Stream {
  private bodyBytes = 0;
  private answered = false;

  constructor(
    id: number, private readonly state: ConnectionState, private readonly method: string,
    private readonly httpStatus: number, private readonly status: GrpcStatus,
  ) {
    super(id);
  }

  override onData(_bytes: Buffer, start: number, end: number): void {
    this.bodyBytes += end - start;
    if (this.bodyBytes > BODY_BYTES_MAX) this.answer();
  }

  override onEnd(): void {
    this.answer();
  }

  override onReset(): void {
    this.answered = true;
  }

  override onSent(): void {
    // Nothing waits for room.
  }

  override writeEnd(): void {
    const { state } = this;
    const block = this.method === 'HEAD' ? state.blocks.trailersOnly(this.status, this.httpStatus) : state.blocks.trailers(this.status);
    state.send.headers(this.id, block, true);
    if (this.remoteEnded) state.closeStream(this, false);
    else state.resetStream(this, Http2ErrorCode.NO_ERROR);
  }

  private answer(): void {
    if (this.answered) return;
    this.answered = true;
    if (this.method !== 'HEAD') {
      this.state.send.headers(this.id, this.state.blocks.textHeaders(this.httpStatus), false);
      this.state.send.data(this, TEXT);
    }
    this.state.send.end(this);
    this.state.wake();
  }
}
