import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Readable, type Writable } from 'node:stream';
import { JsonLogger, type JsonLoggerOptions } from './json-logger';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-log-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

let files = 0;

/** The lines that a logger writes to a file. */
function linesOf(options: Partial<JsonLoggerOptions>, use: (logger: JsonLogger) => void): string[] {
  const file = path.join(folder, `${files++}.log`);
  const logger = JsonLogger.open({ level: 'info', format: 'json', outputs: [file], ...options });
  use(logger);
  logger.close();
  return fs.readFileSync(file, 'utf8').split('\n').filter((line) => line !== '');
}

describe('JsonLogger', () => {
  it('writes the line that etcd’s log has, keys in its order', () => {
    const [line = ''] = linesOf({}, (logger) => logger.info('ready to serve client requests', { 'traffic': 'grpc+http', port: 2379, open: true, none: undefined }));
    expect(Object.keys(JSON.parse(line) as object)).toEqual(['level', 'ts', 'msg', 'traffic', 'port', 'open']);
    expect(line).toMatch(/^\{"level":"info","ts":"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}(Z|[+-][0-9]{2}:[0-9]{2})","msg":"ready to serve client requests","traffic":"grpc\+http","port":2379,"open":true\}$/);
  });

  it('keeps the line’s own fields apart from those of the caller', () => {
    const [line = ''] = linesOf({}, (logger) => logger.warn('a', { msg: 'b', level: 7, ts: 'c' }));
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', msg: 'a', msg_field: 'b', level_field: 7, ts_field: 'c' });
  });

  it('keeps a message with line ends on one line', () => {
    expect(linesOf({}, (logger) => logger.error('a\nb', { c: 'd\ne' }))).toHaveLength(1);
    expect(linesOf({ format: 'console' }, (logger) => logger.error('a\nb', { c: 'd\ne' }))).toHaveLength(1);
  });

  it('writes for people with tabs', () => {
    const lines = linesOf({ format: 'console' }, (logger) => {
      logger.info('plain');
      logger.warn('with fields', { name: 'a' });
    });
    expect(lines.map((line) => line.split('\t').slice(1))).toEqual([['info', 'plain'], ['warn', 'with fields', '{"name":"a"}']]);
  });

  it.each([
    ['debug', ['debug', 'info', 'warn', 'error', 'fatal']],
    ['info', ['info', 'warn', 'error', 'fatal']],
    ['warn', ['warn', 'error', 'fatal']],
    ['error', ['error', 'fatal']],
    ['fatal', ['fatal']],
  ] as const)('at level %s writes %j', (level, written) => {
    const lines = linesOf({ level }, (logger) => {
      for (const each of ['debug', 'info', 'warn', 'error', 'fatal'] as const) logger[each]('x');
    });
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(written);
  });

  it('writes to all outputs, and appends', () => {
    const [a, b] = [path.join(folder, 'a.log'), path.join(folder, 'b.log')];
    fs.writeFileSync(b, 'before\n');
    const logger = JsonLogger.open({ level: 'info', format: 'console', outputs: [a, b] });
    logger.info('x');
    logger.close();
    expect(fs.readFileSync(a, 'utf8')).toMatch(/\tinfo\tx\n$/);
    expect(fs.readFileSync(b, 'utf8')).toMatch(/^before\n.*\tinfo\tx\n$/);
  });

  it('fails at once when an output cannot be opened', () => {
    expect(() => JsonLogger.open({ level: 'info', format: 'json', outputs: [path.join(folder, 'no', 'x.log')] })).toThrow(/ENOENT/);
  });
});

// Only where an inherited pipe can be opened anew, which takes /proc.
const describeOnLinux = fs.existsSync('/proc/self/fd') ? describe : describe.skip;

describeOnLinux('JsonLogger on a pipe that nobody reads yet', () => {
  const register = path.resolve(__dirname, '../../../test/support/typescript-register.cjs');

  /** A process that logs into a real pipe, whose reader waits for a word. Commands go to its input; what it says comes from descriptor 4. */
  class Writer {
    log = '';
    private readonly child: ReturnType<typeof spawn>;
    private readonly ended: Promise<unknown>;

    constructor(code: string) {
      const script = `const { JsonLogger } = require(${JSON.stringify(path.join(__dirname, 'json-logger.ts'))});
        const logger = JsonLogger.open({ level: 'info', format: 'json', outputs: ['stderr'] });
        ${code}
        require('node:fs').writeSync(4, 'logged');`;
      const pipeline = '"$0" "$@" 2>&1 >&4 | { read -r go <&3; exec cat; }';
      this.child = spawn('sh', ['-c', pipeline, process.execPath, '--require', register, '-e', script], {
        stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe'],
      });
      this.ended = once(this.child, 'close');
      this.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => { this.log += chunk; });
    }

    async logged(): Promise<void> {
      const [said] = await once(this.child.stdio[4] as Readable, 'data') as [Buffer];
      expect(said.toString()).toBe('logged');
    }

    read(): void {
      (this.child.stdio[3] as Writable).end('go\n');
    }

    /** Waits until the log has something in it. */
    async seen(pattern: RegExp): Promise<void> {
      while (!pattern.test(this.log)) await once(this.child.stdout as Readable, 'data');
    }

    async end(): Promise<void> {
      this.child.stdin?.end('end');
      await this.ended;
    }

    numbers(): number[] {
      return this.log.split('\n').filter((line) => line.includes('"n":')).map((line) => (JSON.parse(line) as { n: number }).n);
    }
  }

  const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
  // A pipe holds 64 KiB; this is twenty times as much.
  const muchText = "for (let n = 0; n < 4000; n++) logger.info('x'.repeat(300), { n });";

  it('goes on, and loses no line', async () => {
    const writer = new Writer(`${muchText} process.stdin.resume();`);
    await writer.logged();
    writer.read();
    await writer.seen(/"n":3999\}/);
    await writer.end();
    expect(writer.numbers()).toEqual(upTo(4000));
  });

  it('writes what waits when the process exits', async () => {
    const writer = new Writer(`${muchText} process.stdin.on('data', () => process.exit());`);
    await writer.logged();
    const ended = writer.end();
    writer.read();
    await ended;
    expect(writer.numbers()).toEqual(upTo(4000));
  });

  it('drops the newest lines beyond its bounds, and says how many', async () => {
    const writer = new Writer(`for (let n = 0; n < 100; n++) logger.info('x'.repeat(100_000), { n });
      setInterval(() => logger.info('still here'), 5);
      process.stdin.on('data', () => process.exit());`);
    await writer.logged();
    writer.read();
    await writer.seen(/"dropped-lines":[0-9]+\}/);
    await writer.end();
    const kept = writer.numbers();
    expect(kept).toEqual(upTo(kept.length));
    expect(kept.length).toBeGreaterThan(30);
    expect(kept.length).toBeLessThan(60);
    const [, dropped] = /"dropped-lines":([0-9]+)\}/.exec(writer.log) ?? [];
    expect(Number(dropped)).toBe(100 - kept.length);
  });
});
