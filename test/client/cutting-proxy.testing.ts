import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of a server that can cut its connections, fall silent, and stop listening. */
export class CuttingProxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private silent = false;
  private muted = false;

  private constructor(private readonly server: Server, private readonly targetPort: number) {
    server.on('connection', (client) => this.accept(client));
  }

  static async start(target: string): Promise<CuttingProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CuttingProxy(server, Number(target.slice(target.lastIndexOf(':') + 1)));
  }

  get endpoint(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has stopped');
    return `127.0.0.1:${address.port}`;
  }

  /** Breaks all connections at once. */
  cut(): void {
    for (const [client, upstream] of this.pairs) {
      client.destroy();
      upstream.destroy();
    }
    this.pairs.clear();
  }

  /** Connections stay open, but nothing goes through any more, in either direction. */
  fallSilent(): void {
    this.silent = true;
    for (const [client, upstream] of this.pairs) {
      client.unpipe(upstream);
      upstream.unpipe(client);
      client.on('data', () => undefined);
      upstream.on('data', () => undefined);
    }
  }

  /** What the server answers from now on is lost. */
  muteServer(): void {
    this.muted = true;
    for (const [client, upstream] of this.pairs) {
      upstream.unpipe(client);
      upstream.on('data', () => undefined);
    }
  }

  heal(): void {
    this.silent = false;
    this.muted = false;
  }

  async stop(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    const upstream = connect(this.targetPort, '127.0.0.1');
    const pair = [client, upstream] as const;
    this.pairs.add(pair);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      this.pairs.delete(pair);
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    if (this.silent) return;
    client.pipe(upstream);
    if (!this.muted) upstream.pipe(client);
  }
}
