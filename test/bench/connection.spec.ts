import { createServer, type Http2Server, type ServerHttp2Stream, type Settings } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { ClientStream, StreamEnd, type StreamListener } from './client-stream';
import { Connection } from './connection';
import { grpcMessage, bytesField } from './protobuf';

interface Outcome {
  messages: Buffer[];
  status: number;
  text: string;
}

const closers: Array<() => void> = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server of node:http2 (nghttp2), and a connection to it. */
async function connectTo(
  settings: Settings,
  onStream: (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void,
): Promise<Connection> {
  const server: Http2Server = createServer({ settings });
  server.on('stream', (stream, headers) => onStream(stream, headers));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const connection = await Connection.open('127.0.0.1', (server.address() as AddressInfo).port);
  closers.push(() => {
    connection.destroy();
    server.close();
  });
  return connection;
}

/** Answers each call with its own request, whole, in writes of `pieceBytes`, then trailers with `status`. */
function echo(stream: ServerHttp2Stream, trailers: Record<string, string>, pieceBytes = Infinity): void {
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.on('end', () => {
    const body = Buffer.concat(parts);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    for (let at = 0; at < body.length; at += pieceBytes) stream.write(body.subarray(at, at + pieceBytes));
    stream.end();
  });
}

function call(connection: Connection, message: Buffer, path = '/test/Echo'): Promise<Outcome> {
  return new Promise((resolve) => {
    const messages: Buffer[] = [];
    const listener: StreamListener = {
      onMessage: (_stream, bytes, start, end) => void messages.push(Buffer.from(bytes.subarray(start, end))),
      onEnd: (_stream, status, text) => resolve({ messages, status, text }),
    };
    connection.start(new ClientStream(0, listener), path, message);
    connection.flush();
  });
}

const messageOf = (length: number): Buffer => grpcMessage(bytesField(1, Buffer.alloc(length, 'x')));

describe('Connection against nghttp2', () => {
  it('sends requests above every window and frame size whole, and takes answers in pieces', async () => {
    const connection = await connectTo({ initialWindowSize: 1000 }, (stream) =>
      echo(stream, { 'grpc-status': '0' }, 777),
    );
    const sizes = [0, 10, 990, 1000, 16_384, 70_000, 300_000];
    const outcomes = await Promise.all(sizes.map((size) => call(connection, messageOf(size))));
    outcomes.forEach((outcome, index) => {
      expect(outcome.status).toBe(0);
      expect(outcome.messages).toHaveLength(1);
      expect(outcome.messages[0].equals(messageOf(sizes[index]).subarray(5))).toBe(true);
    });
  });

  it('receives more than its own windows hold', async () => {
    const connection = await connectTo({}, (stream) => echo(stream, { 'grpc-status': '0' }));
    for (let count = 0; count < 3; count++) {
      const outcome = await call(connection, messageOf(9_000_000));
      expect(outcome.messages[0]).toHaveLength(messageOf(9_000_000).length - 5);
    }
  });

  it('keeps to the number of streams that the server allows, and answers all calls', async () => {
    let open = 0;
    let openMax = 0;
    const connection = await connectTo({ maxConcurrentStreams: 3 }, (stream) => {
      open++;
      openMax = Math.max(openMax, open);
      stream.on('close', () => open--);
      echo(stream, { 'grpc-status': '0' });
    });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => call(connection, messageOf(10))));
    expect(outcomes.every(({ status }) => status === 0)).toBe(true);
    expect(openMax).toBeLessThanOrEqual(3);
  });

  it.each([4096, 0])('is understood with a header table of %d octets', async (headerTableSize) => {
    const paths: unknown[] = [];
    const connection = await connectTo({ headerTableSize }, (stream, headers) => {
      paths.push([headers[':method'], headers[':path'], headers['content-type'], headers['te']]);
      echo(stream, { 'grpc-status': '0' });
    });
    const called = ['/a/One', '/a/Two', '/a/One', '/a/Two', '/a/Three'];
    for (const path of called) expect((await call(connection, messageOf(1), path)).status).toBe(0);
    expect(paths).toEqual(called.map((path) => ['POST', path, 'application/grpc', 'trailers']));
  });

  it('reads trailers with any character, Huffman-coded by a foreign encoder, and split over CONTINUATION frames', async () => {
    // Each rare character stands among cheap ones, so that coding the string pays and is done.
    const characters = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index));
    const texts = [...characters.map((character) => `${'e'.repeat(40)}${character}a`), 'o'.repeat(30_000)];
    let next = 0;
    const connection = await connectTo({}, (stream) =>
      echo(stream, { 'grpc-status': '5', 'grpc-message': texts[next++] }),
    );
    for (const text of texts) expect(await call(connection, messageOf(1))).toMatchObject({ status: 5, text });
  });

  it('tells the ends of a call apart', async () => {
    const answers: Array<(stream: ServerHttp2Stream) => void> = [
      (stream) => stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true }),
      (stream) => stream.respond({ ':status': 503 }, { endStream: true }),
      (stream) => stream.close(2),
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.end();
      },
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.end(Buffer.from([1, 0, 0, 0, 0]));
      },
      (stream) => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.from([0, 0, 0, 0, 9, 1]));
      },
    ];
    let next = 0;
    const connection = await connectTo({}, (stream) => {
      stream.on('error', () => undefined);
      stream.resume();
      answers[next++](stream);
    });
    const ends: number[] = [];
    for (let count = 0; count < answers.length; count++) ends.push((await call(connection, messageOf(1))).status);
    expect(ends).toEqual([
      12,
      StreamEnd.httpStatus,
      StreamEnd.reset,
      StreamEnd.noStatus,
      StreamEnd.badMessage,
      StreamEnd.badMessage,
    ]);
  });
});

describe('Connection against a broken server', () => {
  /** Frames after the server's SETTINGS; resolves to why the connection was closed. */
  async function closeReason(frames: string): Promise<string> {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(Buffer.from('000000040000000000' + frames, 'hex'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    const connection = await Connection.open('127.0.0.1', (server.address() as AddressInfo).port);
    return new Promise((resolve) => connection.whenClosed(resolve));
  }

  it.each([
    ['a frame above the limit', '004001000000000001', /more than allowed/],
    ['GOAWAY', '000008070000000000000000000000000b', /GOAWAY with error code 11/],
    ['a header block of garbage', '0000010104000000018080', /bad header block/],
    ['a frame inside a header block', '000000010000000001' + '000000000000000001', /interrupted/],
    ['CONTINUATION alone', '000000090400000001', /CONTINUATION without HEADERS/],
    ['a short PING', '000001060000000000' + '00', /PING of a wrong length/],
    ['padding above the frame', '000001010c00000001' + '09', /more padding than room/],
  ])('closes with a reason: %s', async (_name, frames, reason) => {
    expect(await closeReason(frames)).toMatch(reason);
  });

  it('rejects where nobody listens, and where the server closes before its settings', async () => {
    const server = createTcpServer((socket) => void socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(Connection.open('127.0.0.1', port)).rejects.toThrow(`127.0.0.1:${port}: `);
    await new Promise((resolve) => server.close(resolve));
    await expect(Connection.open('127.0.0.1', port)).rejects.toThrow('ECONNREFUSED');
  });
});
