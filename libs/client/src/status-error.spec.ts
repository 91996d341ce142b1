import { ERROR_TABLE, type ErrorCode, GrpcCode } from '@quorate/api';
import { apiErrorOf, isMemberFault } from './status-error';

describe('apiErrorOf', () => {
  it('finds every refusal of the table by its text, whatever the status', () => {
    for (const [code, { text }] of Object.entries(ERROR_TABLE)) {
      expect(apiErrorOf(GrpcCode.UNKNOWN, text)).toMatchObject({ code, message: text });
    }
  });

  it.each<[GrpcCode, ErrorCode, string]>([
    [GrpcCode.UNAVAILABLE, 'timeout_connection_lost', 'unknown'], [GrpcCode.DEADLINE_EXCEEDED, 'deadline_exceeded', 'unknown'],
    [GrpcCode.RESOURCE_EXHAUSTED, 'request_too_large', 'not_applied'], [GrpcCode.UNIMPLEMENTED, 'unimplemented', 'not_applied'],
    [GrpcCode.UNKNOWN, 'internal', 'unknown'],
  ])('goes by the status %d where the text is not known', (status, code, outcome) => {
    expect(apiErrorOf(status, 'something else')).toMatchObject({ code, outcome, message: 'something else' });
  });

  it('blames the member for what another one may do better', () => {
    expect(isMemberFault(apiErrorOf(GrpcCode.UNAVAILABLE, 'Connection dropped'))).toBe(true);
    expect(isMemberFault(apiErrorOf(GrpcCode.UNAVAILABLE, 'etcdserver: no leader'))).toBe(true);
    expect(isMemberFault(apiErrorOf(GrpcCode.OUT_OF_RANGE, ERROR_TABLE.compacted.text))).toBe(false);
  });
});
