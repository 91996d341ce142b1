import { ApiError, type HashKvResponse, type StatusResponse } from '@quorate/api';
import type { RemoteApi } from '@quorate/client';
import type { Command } from 'commander';
import { parseCount } from '../arguments';
import { CliError } from '../cli-error';
import type { CommandRunner } from '../command-runner';
import { BLANK_LINE, lines } from '../output/presentation';
import { headerFields, headerJson, memberIdText, sizeText } from '../output/store-forms';
import type { Session } from '../session';

const STATUS_HEAD = [
  'ENDPOINT', 'ID', 'VERSION', 'DB SIZE', 'IS LEADER', 'IS LEARNER', 'RAFT TERM', 'RAFT INDEX', 'RAFT APPLIED INDEX', 'ERRORS',
] as const;
/** A read through the quorum of a key that nobody has: what `endpoint health` asks. */
const HEALTH_KEY = 'health';

interface Answer<T> {
  readonly endpoint: string;
  readonly result?: T;
  readonly error?: string;
  readonly tookMs: number;
}

export function addEndpoint(program: Command, runner: CommandRunner): void {
  const endpoint = program.command('endpoint').description('the members at --endpoints, each asked by itself');
  runner.add(endpoint.command('status').description('version, size, role and log position of each'), showStatus);
  runner.add(endpoint.command('health').description('whether each can read through the quorum'), showHealth);
  runner.add<{ readonly rev: string }>(
    endpoint.command('hashkv').description('hash of the history of each, to compare').option('--rev <revision>', 'up to this revision', '0'),
    async (session, { rev }) => {
      const revision = parseCount('--rev', rev);
      const answers = await askEach<HashKvResponse>(session, (api) => api.maintenance.hashKv(revision, deadlineOf(session)));
      const good = answers.filter((answer): answer is Answer<HashKvResponse> & { result: HashKvResponse } => answer.result !== undefined);
      session.print({
        simple: () => lines(...good.map(({ endpoint: one, result }) => `${one}, ${result.hash}`)),
        json: () => good.map(({ endpoint: one, result: { header, hash, compactRevision } }) => ({
          Endpoint: one, HashKV: { header: headerJson(header), hash, compact_revision: compactRevision },
        })),
        fields: () => good.flatMap(({ endpoint: one, result: { header, hash } }) => [...headerFields(header), ['Endpoint', one] as const, ['Hash', hash] as const]),
        table: () => ({ head: ['ENDPOINT', 'HASH'], rows: good.map(({ endpoint: one, result }) => [one, `${result.hash}`]) }),
      });
      refuseFailures(answers);
    },
  );
  runner.add(program.command('status').description('the cluster at a glance (endpoint status as a table)'), async (session) => {
    const { output } = session.options;
    await showStatus(output === 'simple' ? session.withOutput('table') : session);
  });
}

async function showStatus(session: Session): Promise<void> {
  const answers = await askEach<StatusResponse>(session, (api) => api.status({ signal: session.signal }));
  const good = answers.filter((answer): answer is Answer<StatusResponse> & { result: StatusResponse } => answer.result !== undefined);
  const rows = good.map(({ endpoint, result }) => statusRow(endpoint, result));
  if (good.length > 0) {
    session.print({
      simple: () => lines(...rows.map((row) => row.join(', '))),
      json: () => good.map(({ endpoint, result }) => ({ Endpoint: endpoint, Status: statusJson(result) })),
      fields: () => good.flatMap(({ endpoint, result }) => [
        ...headerFields(result.header), ['Version', result.version] as const, ['DBSize', result.dbSizeBytes] as const, ['Leader', result.leader] as const,
        ['IsLearner', result.isLearner] as const, ['RaftIndex', result.raftIndex] as const, ['RaftTerm', result.raftTerm] as const,
        ['RaftAppliedIndex', result.raftAppliedIndex] as const, ['Errors', result.errors.join('; ')] as const, ['Endpoint', endpoint] as const, BLANK_LINE,
      ]),
      table: () => ({ head: STATUS_HEAD, rows }),
    });
  }
  refuseFailures(answers);
}

function statusRow(endpoint: string, status: StatusResponse): readonly string[] {
  const { header, version, dbSizeBytes, leader, isLearner, raftTerm, raftIndex, raftAppliedIndex, errors } = status;
  return [
    endpoint, memberIdText(header.memberId), version, sizeText(dbSizeBytes), `${leader === header.memberId}`, `${isLearner}`, `${raftTerm}`,
    `${raftIndex}`, `${raftAppliedIndex}`, errors.join('; '),
  ];
}

function statusJson(status: StatusResponse): Record<string, unknown> {
  return {
    header: headerJson(status.header), version: status.version, dbSize: status.dbSizeBytes, leader: status.leader || undefined,
    raftIndex: status.raftIndex, raftTerm: status.raftTerm, raftAppliedIndex: status.raftAppliedIndex,
    errors: status.errors.length === 0 ? undefined : status.errors, dbSizeInUse: status.dbSizeInUseBytes, isLearner: status.isLearner || undefined,
  };
}

async function showHealth(session: Session): Promise<void> {
  const answers = await askEach(session, (api) => api.range({ key: HEALTH_KEY }, { signal: session.signal }));
  const took = (answer: Answer<unknown>): string => `${answer.tookMs.toFixed(3)}ms`;
  session.print({
    simple: () => lines(...answers.map((answer) => (answer.error === undefined
      ? `${answer.endpoint} is healthy: successfully committed proposal: took = ${took(answer)}`
      : `${answer.endpoint} is unhealthy: ${answer.error}`))),
    json: () => answers.map((answer) => ({ endpoint: answer.endpoint, health: answer.error === undefined, took: took(answer), error: answer.error })),
    table: () => ({ head: ['ENDPOINT', 'HEALTH', 'TOOK', 'ERROR'], rows: answers.map((answer) => [answer.endpoint, `${answer.error === undefined}`, took(answer), answer.error ?? '']) }),
  });
  if (answers.some(({ error }) => error !== undefined)) throw new CliError('unhealthy cluster');
}

/** All at once; one that fails does not hide the others. */
function askEach<T>(session: Session, ask: (api: RemoteApi) => Promise<T>): Promise<Answer<T>[]> {
  return Promise.all(session.options.endpoints.map(async (endpoint): Promise<Answer<T>> => {
    const api = await session.api(endpoint);
    const startedMs = performance.now();
    try {
      const result = await ask(api);
      return { endpoint, result, tookMs: performance.now() - startedMs };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { endpoint, error: error.message, tookMs: performance.now() - startedMs };
    }
  }));
}

function deadlineOf(session: Session): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.any([session.signal, AbortSignal.timeout(session.options.commandTimeoutMs)]) };
}

function refuseFailures(answers: readonly Answer<unknown>[]): void {
  const failed = answers.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw new CliError(failed.map(({ endpoint, error }) => `${endpoint}: ${error ?? ''}`).join('; '));
}
