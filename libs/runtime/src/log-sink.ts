import fs from 'node:fs';
import { isatty } from 'node:tty';

/** Text that may wait for a slow reader. What comes on top is dropped, and counted. */
const PENDING_BYTES_MAX = 4 * 1024 * 1024;
const RETRY_MS = 10;
/** How long a reader may take nothing at all before the last lines are given up. */
const PATIENCE_MS = 3_000;

/**
 * One place that log lines go to. A line is written at once, so that a crash loses none; where the reader of a pipe or a
 * terminal does not keep up, lines wait in memory instead of holding up the process.
 */
export class LogSink {
  private readonly waiting: Buffer[] = [];
  private waitingBytes = 0;
  private dropped = 0;
  private retry: NodeJS.Timeout | undefined;
  private readonly sleeper = new Int32Array(new SharedArrayBuffer(4));

  private constructor(private readonly fd: number, private readonly ownsFd: boolean) {}

  /** `stderr`, `default` (the same), `stdout`, or the path of a file that is appended to. @throws Error when it cannot be opened */
  static open(output: string): LogSink {
    if (output === 'stdout') return LogSink.ofStream(1);
    if (output === 'stderr' || output === 'default') return LogSink.ofStream(2);
    return new LogSink(fs.openSync(output, 'a', 0o600), true);
  }

  /**
   * A pipe or terminal is opened anew without blocking: the mode belongs to the opened file, and the inherited one is
   * shared with other processes. Where that cannot be (a socket, another system), the inherited one has to do.
   */
  static ofStream(fd: number): LogSink {
    if (fs.fstatSync(fd).isFIFO() || isatty(fd)) {
      const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
      try {
        return new LogSink(fs.openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY), true);
      } catch {
        return new LogSink(fd, false);
      }
    }
    return new LogSink(fd, false);
  }

  write(line: string): void {
    const bytes = Buffer.from(line, 'utf8');
    if (this.waitingBytes + bytes.length > PENDING_BYTES_MAX) {
      this.dropped += 1;
      return;
    }
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (this.retry === undefined) this.drain();
  }

  /** Whether nothing waits for the reader. */
  get hasRoom(): boolean {
    return this.waiting.length === 0;
  }

  /** Lines that were dropped since the last call. */
  takeDropped(): number {
    const { dropped } = this;
    this.dropped = 0;
    return dropped;
  }

  /** Writes what waits, as long as the reader takes some of it. */
  flush(): void {
    let [waited, deadline] = [this.waitingBytes, Date.now() + PATIENCE_MS];
    while (!this.writeWaiting() && Date.now() < deadline) {
      if (this.waitingBytes < waited) [waited, deadline] = [this.waitingBytes, Date.now() + PATIENCE_MS];
      Atomics.wait(this.sleeper, 0, 0, RETRY_MS);
    }
  }

  close(): void {
    clearTimeout(this.retry);
    this.flush();
    if (this.ownsFd) fs.closeSync(this.fd);
  }

  private drain(): void {
    this.retry = undefined;
    if (this.writeWaiting()) return;
    this.retry = setTimeout(() => this.drain(), RETRY_MS);
    this.retry.unref();
  }

  /** @returns whether nothing waits any more */
  private writeWaiting(): boolean {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      let written: number;
      try {
        written = fs.writeSync(this.fd, first);
      } catch (error) {
        if (isBusy(error)) return false;
        // A full disk or a reader that is gone: nobody is left to tell, and the server goes on.
        this.dropped += this.waiting.length;
        this.waiting.length = 0;
        this.waitingBytes = 0;
        return true;
      }
      this.waitingBytes -= written;
      if (written < first.length) this.waiting[0] = first.subarray(written);
      else this.waiting.shift();
    }
    return true;
  }
}

function isBusy(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EAGAIN' || code === 'EBUSY' || code === 'EINTR';
}
