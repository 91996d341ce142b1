import { parseOptions, UsageError } from './options';

const parse = (line: string) => parseOptions(line.split(' ').filter((part) => part !== '')).options;

describe('parseOptions', () => {
  it('has defaults for everything', () => {
    expect(parse('')).toMatchObject({
      seconds: 4,
      repetitions: 3,
      only: null,
      endpoint: null,
      pid: null,
      out: 'bench-report.md',
    });
    expect(parse('').workloads).toHaveLength(6);
    expect(parse('').shapes).toEqual([
      { connections: 1, inFlight: 1 },
      { connections: 10, inFlight: 100 },
      { connections: 10, inFlight: 1000 },
    ]);
  });

  it('reads every option, with a space or an equals sign', () => {
    expect(
      parse(
        '--workloads put,watch --concurrency=5,1/100 --seconds 0.5 --warmup=0 --repetitions 7 --endpoint http://127.0.0.1:2379 --pid 42 --out=a=b.md',
      ),
    ).toMatchObject({
      workloads: ['put', 'watch'],
      shapes: [
        { connections: 5, inFlight: 5 },
        { connections: 1, inFlight: 100 },
      ],
      seconds: 0.5,
      warmupSeconds: 0,
      repetitions: 7,
      endpoint: { host: '127.0.0.1', port: 2379 },
      pid: 42,
      out: 'a=b.md',
    });
    expect(parse('--endpoint [::1]:80').endpoint).toEqual({ host: '::1', port: 80 });
    expect(parse('--only quorate --data-root /data --etcd /opt/etcd')).toMatchObject({
      only: 'quorate',
      dataRoot: '/data',
      etcdBinary: '/opt/etcd',
    });
  });

  it('is short when asked to be quick, and lets single options win', () => {
    expect(parse('--quick')).toMatchObject({ seconds: 1, repetitions: 1 });
    expect(parse('--repetitions 2 --quick')).toMatchObject({ seconds: 1, repetitions: 2 });
  });

  it.each([
    ['--frob', 'unknown option --frob'],
    ['file', 'unknown option file'],
    ['--out', '--out needs a value'],
    ['--out=', '--out needs a value'],
    ['--quick=1', '--quick takes no value'],
    ['--workloads puts', 'unknown workload puts'],
    ['--concurrency 0', '--concurrency takes'],
    ['--concurrency 10/5', '--concurrency takes'],
    ['--concurrency many', '--concurrency takes'],
    ['--seconds 0', '--seconds takes a number'],
    ['--seconds 1e3', '--seconds takes a number'],
    ['--repetitions 1.5', '--repetitions takes a whole number'],
    ['--only zookeeper', '--only takes etcd or quorate'],
    ['--endpoint localhost', '--endpoint takes host:port'],
    ['--endpoint localhost:99999', '--endpoint takes host:port'],
    ['--pid 1', '--pid goes with --endpoint'],
    ['--only etcd --endpoint a:1', 'exclude each other'],
  ])('refuses %s', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
  });
});
