import { ApiError, ERROR_TABLE, type ErrorCode, GrpcCode, PLATFORM_ERROR_TABLE, PlatformError, type PlatformErrorCode } from '@quorate/api';

/** The page docs/errors.md, made of the tables in libs/api. */
export function errorsDocument(): string {
  return `# Errors

<!-- Made of the tables in libs/api; \`QUORATE_WRITE_DOCS=1 npx jest errors-document\` writes it anew. -->

Codes are stable: none changes its meaning, new ones may be added. Messages are for people and may change.

**Outcome** says what became of a write that was refused. *not applied*: nothing was changed, trying again is safe. *unknown*:
it may or may not have happened; read first, or repeat it with the same \`Idempotency-Key\`.

## REST API and WebSocket

\`\`\`json
{"error":{"code":"version_conflict","message":"…","field":"expectedVersion","outcome":"not_applied"}}
\`\`\`

\`field\` is there where one field is at fault. Frames of the WebSocket carry the same object beside \`id\` and
\`"type":"error"\`; there the status means nothing. **Retry after** is in seconds, and stands in the header \`Retry-After\`.

| code | status | outcome | retry after | message, if there is no more telling one |
|---|---|---|---|---|
${platformRows().join('\n')}

## etcd API

Over gRPC the status code and exactly this text, which etcd's clients compare; under \`/v3/\` the same in etcd's JSON. The
names are ours, in code and logs.

| name | gRPC status | outcome | text |
|---|---|---|---|
${etcdRows().join('\n')}
`;
}

function platformRows(): string[] {
  return (Object.keys(PLATFORM_ERROR_TABLE) as PlatformErrorCode[]).map((code) => {
    const { status, outcome, retryAfterSeconds, message } = new PlatformError(code);
    return `| \`${code}\` | ${status} | ${outcomeText(outcome)} | ${retryAfterSeconds ?? ''} | ${cell(message)} |`;
  });
}

function etcdRows(): string[] {
  const names = new Map(Object.entries(GrpcCode).map(([name, value]) => [value, name]));
  return (Object.keys(ERROR_TABLE) as ErrorCode[]).map((code) => {
    const { grpcCode, outcome, message } = new ApiError(code);
    return `| \`${code}\` | ${grpcCode} ${names.get(grpcCode)} | ${outcomeText(outcome)} | \`${cell(message)}\` |`;
  });
}

function outcomeText(outcome: string): string {
  return outcome.replace('_', ' ');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
