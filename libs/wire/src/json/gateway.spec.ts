import { ApiError, GrpcCode } from '@quorate/api';
import { grpcStatusOf } from '../grpc/status';
import { gatewayError, gatewayErrorBody, gatewayStreamError, gatewayStreamResult } from './gateway';

describe('gateway errors', () => {
  test('have the shape and status line of etcd 3.6', () => {
    expect(gatewayError(grpcStatusOf(new ApiError('compacted')))).toEqual({
      httpStatus: 400, body: '{"code":11,"message":"etcdserver: mvcc: required revision has been compacted"}',
    });
    expect(gatewayErrorBody({ code: GrpcCode.NOT_FOUND, message: 'a "b"\n' })).toBe('{"code":5,"message":"a \\"b\\"\\n"}');
  });

  test('end a stream as its last line', () => {
    expect(gatewayStreamResult('{}')).toBe('{"result":{}}\n');
    expect(gatewayStreamError(grpcStatusOf(new ApiError('no_leader')))).toBe('{"error":{"code":14,"message":"etcdserver: no leader"}}\n');
  });
});
