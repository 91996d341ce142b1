import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { RemoteApi } from '@quorate/client';
import { describeWith, requireTool } from '../support/foreign-tools';
import { freePort, type ServerProcess, startQuorate, temporaryDirectory } from '../support/server-process';
import { type CliOptions, type CliResult, runCli, RunningCli } from './cli.testing';

const run = promisify(execFile);

describe('the command line', () => {
  let server: ServerProcess;
  let api: RemoteApi;
  const cli = (args: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
    runCli(args, { ...options, env: { QUORATE_ENDPOINTS: server.endpoint, ...options.env } });
  const ok = (stdout: string): CliResult => ({ code: 0, stdout, stderr: '' });

  beforeAll(async () => {
    server = await startQuorate();
    api = new RemoteApi({ endpoints: [server.endpoint] });
  }, 60_000);
  afterAll(async () => {
    api.close();
    await server.end('SIGTERM');
    await fs.rm(server.dataDir, { recursive: true, force: true });
  });

  describe('get, put and del', () => {
    it('write, read and delete a key', async () => {
      expect(await cli(['put', 'one', '1'])).toEqual(ok('OK\n'));
      expect(await cli(['put', 'one', '2', '--prev-kv'])).toEqual(ok('OK\none\n1\n'));
      expect(await cli(['get', 'one'])).toEqual(ok('one\n2\n'));
      expect(await cli(['get', 'one', '--print-value-only'])).toEqual(ok('2\n'));
      expect(await cli(['get', 'one', '--hex'])).toEqual(ok('\\x6f\\x6e\\x65\n\\x32\n'));
      expect(await cli(['del', 'one'])).toEqual(ok('1\n'));
      expect(await cli(['get', 'one'])).toEqual(ok(''));
    });

    it('take a value from the standard input, whatever its bytes', async () => {
      const bytes = Buffer.from([0, 255, 10, 128, 65]);
      expect(await cli(['put', 'bytes', '-'], { input: bytes })).toEqual(ok('OK\n'));
      expect(await cli(['get', 'bytes', '--print-value-only'])).toEqual(ok(`${bytes.toString('latin1')}\n`));
      expect(await cli(['put', 'bytes'], { input: 'text' })).toEqual(ok('OK\n'));
      expect(await cli(['put', '--', '-k', '-v'])).toEqual(ok('OK\n'));
      expect(await cli(['get', '--print-value-only', '--', '-k'])).toEqual(ok('-v\n'));
    });

    it('read ranges in every form', async () => {
      for (const [key, text] of [['r/a', '3'], ['r/b', '1'], ['r/c', '2']] as const) await api.put({ key, value: Buffer.from(text) });
      expect((await cli(['get', 'r/', '--prefix', '--keys-only'])).stdout).toBe('r/a\n\nr/b\n\nr/c\n\n');
      expect((await cli(['get', 'r/a', 'r/c', '--print-value-only'])).stdout).toBe('3\n1\n');
      expect((await cli(['get', 'r/', '--prefix', '--sort-by=VALUE', '--order=descend', '--limit', '2', '--print-value-only'])).stdout).toBe('3\n2\n');
      expect((await cli(['get', 'r/', '--prefix', '--count-only'])).stdout).toBe('3\n');
      expect((await cli(['get', 'r/', '--prefix', '-o', 'table', '--consistency=s'])).stdout.split('\n')[1]).toMatch(/^\| KEY \| VALUE \|/);
      expect((await cli(['del', 'r/b', '--from-key', '--prev-kv'])).stdout).toBe('2\nr/b\n1\nr/c\n2\n');
    });
  });

  it('runs a transaction from the standard input', async () => {
    await api.put({ key: 't', value: Buffer.from('1') });
    const script = 'value("t") = "1"\nmod("t") > "0"\n\nput t "two words"\nget t\n\nput t other\n';
    expect(await cli(['txn'], { input: script })).toEqual(ok('SUCCESS\n\nOK\n\nt\ntwo words\n'));
    expect((await cli(['txn'], { input: script })).stdout).toBe('FAILURE\n\nOK\n');
    expect(await cli(['txn'], { input: 'nonsense\n\n\n' })).toEqual({ code: 128, stdout: '', stderr: expect.stringMatching(/^Error: line 1: invalid comparison.*\n$/) as unknown });
    expect((await cli(['txn'], { input: '\nput a\n\n' })).stderr).toMatch(/^Error: line 2: /);
  });

  it('makes, lists, renews and revokes leases', async () => {
    const granted = /^lease ([0-9a-f]{16}) granted with TTL\(60s\)\n$/.exec((await cli(['lease', 'grant', '60'])).stdout);
    const id = granted?.[1] as string;
    await cli(['put', 'leased', 'v', `--lease=${id}`]);
    expect((await cli(['lease', 'timetolive', id, '--keys'])).stdout).toMatch(/remaining\([0-9]+s\), attached keys\(\[leased\]\)\n$/);
    expect((await cli(['lease', 'list'])).stdout).toBe(`found 1 leases\n${id}\n`);
    expect((await cli(['lease', 'keep-alive', '--once', id])).stdout).toBe(`lease ${id} keepalived with TTL(60)\n`);
    const renewing = new RunningCli(['lease', 'keep-alive', id, `--endpoints=${server.endpoint}`]);
    await renewing.printed('keepalived');
    renewing.interrupt();
    expect(await renewing.finished()).toMatchObject({ code: 0, stderr: '' });
    expect((await cli(['lease', 'revoke', id])).stdout).toBe(`lease ${id} revoked\n`);
    expect(await cli(['lease', 'revoke', id])).toEqual({ code: 1, stdout: '', stderr: 'Error: etcdserver: requested lease not found\n' });
    expect((await cli(['lease', 'timetolive', id])).stdout).toBe(`lease ${id} already expired\n`);
    expect(await cli(['lease', 'keep-alive', '--once', id])).toMatchObject({ code: 2 });
  });

  describe('watch', () => {
    it('prints changes as they happen, and Ctrl-C ends it', async () => {
      const { revision } = (await api.put({ key: 'w/a', value: Buffer.from('0') })).header;
      const watching = new RunningCli([`--endpoints=${server.endpoint}`, 'watch', 'w/', '--prefix', '--prev-kv', `--rev=${revision}`]);
      await watching.printed('PUT\nw/a\n0\n');
      await api.put({ key: 'w/a', value: Buffer.from('1') });
      await watching.printed('PUT\nw/a\n0\nw/a\n1\n');
      await api.deleteRange({ key: 'w/a' });
      await watching.printed('DELETE\nw/a\n1\nw/a\n\n');
      watching.interrupt();
      expect(await watching.finished()).toMatchObject({ code: 0, stderr: '' });
    });

    it('prints one JSON object for each revision, and ends when nobody reads', async () => {
      const { revision } = (await api.put({ key: 'wj', value: Buffer.from('0') })).header;
      const watching = new RunningCli([`--endpoints=${server.endpoint}`, 'watch', 'wj', `--rev=${revision}`, '-w', 'json']);
      await watching.printed('\n');
      expect(JSON.parse(watching.stdout)).toMatchObject({ type: 'events', revision, events: [{ kv: { key: 'd2o=', value: 'MA==', version: 1 } }] });
      watching.closeOutput();
      const ended = watching.finished();
      await api.put({ key: 'wj', value: Buffer.from('1') });
      await api.put({ key: 'wj', value: Buffer.from('2') });
      expect((await ended).code).toBe(0);
    });

    it('fails where the history is gone', async () => {
      const { revision } = (await api.put({ key: 'wc', value: Buffer.from('0') })).header;
      expect((await cli(['compact', `${revision}`])).stdout).toBe(`compacted revision ${revision}\n`);
      expect(await cli(['watch', 'wc', '--rev=1'])).toMatchObject({ code: 5, stderr: expect.stringContaining(`the oldest one is ${revision}`) as unknown });
      expect(await cli(['compaction', '1'])).toMatchObject({ code: 1, stderr: 'Error: etcdserver: mvcc: required revision has been compacted\n' });
    });
  });

  it('shows members, health and status', async () => {
    expect((await cli(['member', 'list'])).stdout).toMatch(new RegExp(`^[0-9a-f]+, started, default, ${server.peerUrl}, ${server.url}, false\n$`));
    expect((await cli(['endpoint', 'health'])).stdout).toMatch(/is healthy: successfully committed proposal: took = [0-9.]+ms\n$/);
    expect((await cli(['endpoint', 'status'])).stdout).toMatch(new RegExp(`^${server.endpoint}, [0-9a-f]+, 3\\.[0-9.]+, [0-9.]+ [kM]?B, true, false, `));
    expect((await cli(['status'])).stdout).toMatch(/\| +ENDPOINT +\|/);
    const [status] = JSON.parse((await cli(['endpoint', 'status', '-w', 'json'])).stdout) as [{ readonly Endpoint: string; readonly Status: { readonly raftTerm: number } }];
    expect(status).toMatchObject({ Endpoint: server.endpoint, Status: { raftTerm: expect.any(Number) as unknown } });
    const nowhere = `127.0.0.1:${await freePort()}`;
    const partly = await cli(['endpoint', 'status', `--endpoints=${server.endpoint},${nowhere}`]);
    expect(partly).toMatchObject({ code: 1, stdout: expect.stringContaining(server.endpoint) as unknown, stderr: expect.stringContaining(nowhere) as unknown });
  });

  it('saves a snapshot whole or not at all', async () => {
    const folder = temporaryDirectory();
    const file = path.join(folder, 'store.db');
    expect((await cli(['snapshot', 'save', file])).stdout).toBe(`Snapshot saved at ${file}\n`);
    expect((await fs.stat(file)).size % 512).toBe(32);
    expect(await cli(['snapshot', 'save', path.join(folder, 'no', 'such', 'folder')])).toMatchObject({ code: 6 });
    expect(await fs.readdir(folder)).toEqual(['store.db']);
    await fs.rm(folder, { recursive: true });
  });

  it.each([
    [['gett', 'a'], 1, /^Error: unknown command 'gett' \(Did you mean get\?\)\n$/],
    [['get'], 128, /^Error: missing required argument 'key'\n$/],
    [['get', 'a', 'b', 'c'], 128, /^Error: too many arguments/],
    [['get', 'a', '--prefx'], 1, /^Error: unknown option '--prefx' \(Did you mean --prefix\?\)\n$/],
    [['get', 'a', '--limit=x'], 128, /^Error: bad --limit "x"/],
    [['get', 'a', '--prefix', '--from-key'], 128, /^Error: `--prefix` and `--from-key`/],
    [['get', 'a', '--order=up'], 4, /^Error: bad sort order up\n$/],
    [['get', 'a', '-w', 'xml'], 4, /^Error: unsupported output format "xml"/],
    [['get', 'a', '--user=root:x'], 4, /^Error: --user and --password/],
    [['get', 'a', '--endpoints=a:b'], 128, /^Error: "a:b" is no endpoint/],
    [['get', 'a', '--cacert=/no/such/file'], 128, /^Error: --cacert: cannot read/],
    [['lease', 'revoke', 'xyz'], 128, /^Error: bad lease ID "xyz"/],
    [['put', 'a', 'b', '--lease=1'], 1, /^Error: etcdserver: requested lease not found\n$/],
  ])('refuses %j in one line', async (args, code, stderr) => {
    expect(await cli(args)).toEqual({ code, stdout: '', stderr: expect.stringMatching(stderr) as unknown });
  });

  it('says which endpoints it could not reach, and soon', async () => {
    const nowhere = `127.0.0.1:${await freePort()}`;
    expect(await cli(['get', 'a'], { env: { QUORATE_ENDPOINTS: nowhere } }))
      .toEqual({ code: 1, stdout: '', stderr: `Error: no endpoint can be reached: ${nowhere}: connect ECONNREFUSED ${nowhere}\n` });
    expect((await cli(['put', 'a', 'b', `--endpoints=${nowhere},${server.endpoint}`])).stdout).toBe('OK\n');
  });

  it('explains itself', async () => {
    expect((await cli(['help'])).stdout).toMatch(/Usage: quorate/);
    expect((await cli(['help', 'lease'])).stdout).toMatch(/keep-alive/);
    expect((await cli(['version'])).stdout).toMatch(/^quorate version: [0-9.]+\nAPI version: 3\.6\n$/);
  });

  describeWith(['etcdctl'], 'prints what etcdctl prints', () => {
    const both = async (args: readonly string[], input = ''): Promise<{ readonly ours: CliResult; readonly theirs: CliResult }> => ({
      ours: await cli(args, { input }), theirs: await runCli([`--endpoints=${server.endpoint}`, ...args], { input, program: requireTool('etcdctl') }),
    });
    beforeAll(async () => {
      for (const [key, text] of [['same/a', 'plain'], ['same/b', '"quoted"\n\ttab\x00\x7f'], ['same/c', 'ünïcödé ☃ \u{1f600}'], ['same/e', '']] as const) {
        await api.put({ key, value: Buffer.from(text) });
      }
      await api.put({ key: 'same/f\xff\x80', value: Buffer.from([0xe2, 0x28, 0xa1, 0xff]) });
    });

    const reads = [
      ['get', 'same/', '--prefix'], ['get', 'same/a', 'same/c'], ['get', 'same/', '--prefix', '--keys-only'], ['get', 'same/', '--prefix', '--limit=2', '--order=DESCEND'],
      ['get', 'same/', '--prefix', '--hex'], ['get', 'same/none'], ['del', 'same/none'], ['member', 'list'],
    ];
    const formats = [[], ['-w', 'json'], ['-w', 'fields']];
    it.each(reads.flatMap((read) => formats.map((format) => [[...read, ...format]])))('for %j', async (args) => {
      const { ours, theirs } = await both(args);
      expect(ours).toEqual(theirs);
    });

    it('for transactions', async () => {
      for (const format of formats) {
        const { ours, theirs } = await both(['txn', ...format], 'value("same/a") = "plain"\n\nget same/a\nget same/none\n\n\n');
        expect(ours).toEqual(theirs);
      }
    });

    it('for tables', async () => {
      const { ours, theirs } = await both(['member', 'list', '-w', 'table']);
      expect(ours).toEqual(theirs);
    });
  });

  describeWith(['openssl'], 'over TLS', () => {
    let secure: ServerProcess;
    let folder: string;
    const file = (name: string): string => path.join(folder, name);

    beforeAll(async () => {
      folder = temporaryDirectory();
      await run(requireTool('openssl'), [
        'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
        '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', file('key.pem'), '-out', file('cert.pem'),
      ]);
      const port = await freePort();
      const url = `https://127.0.0.1:${port}`;
      secure = await startQuorate({ port, flags: [`--listen-client-urls=${url}`, `--advertise-client-urls=${url}`, `--cert-file=${file('cert.pem')}`, `--key-file=${file('key.pem')}`] });
    }, 60_000);
    afterAll(async () => {
      await secure.end('SIGTERM');
      await fs.rm(folder, { recursive: true });
      await fs.rm(secure.dataDir, { recursive: true, force: true });
    });

    it('verifies the server by the certificate given, and refuses one that nobody vouches for', async () => {
      const endpoints = `--endpoints=https://${secure.endpoint}`;
      expect(await cli(['put', 'tls', '1', endpoints, '--cacert', file('cert.pem')])).toEqual(ok('OK\n'));
      expect(await cli(['get', 'tls', `--endpoints=${secure.endpoint}`, '--cacert', file('cert.pem')])).toEqual(ok('tls\n1\n'));
      expect(await cli(['get', 'tls', endpoints, '--insecure-skip-tls-verify=true'])).toEqual(ok('tls\n1\n'));
      expect(await cli(['get', 'tls', endpoints])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^Error: no endpoint can be reached: .*self-signed/) as unknown });
    });
  });
});
