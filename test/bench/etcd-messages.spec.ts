import {
  comparePutRequest,
  isLiveLease,
  isSingleKeyAnswer,
  isSucceededTxn,
  putRequest,
  rangeRequest,
  responseRevision,
  visitWatchResponse,
  watchCreateRequest,
} from './etcd-messages';
import { bytesField, messageField, MessageReader, ProtobufError, varintField } from './protobuf';

const key = Buffer.from('k0000001');
const header = messageField(1, varintField(1, 2 ** 52), varintField(3, 123_456_789));
const kv = (value: string): Buffer =>
  messageField(2, bytesField(1, key), varintField(3, 77), bytesField(5, Buffer.from(value)));

function whole<T>(check: (bytes: Buffer, start: number, end: number) => T, ...fields: Buffer[]): T {
  // Off the start of the buffer, as messages lie in a frame.
  const bytes = Buffer.concat([Buffer.alloc(3, 0xff), ...fields, Buffer.alloc(3, 0xff)]);
  return check(bytes, 3, bytes.length - 3);
}

describe('requests', () => {
  it('have the bytes that protoc gives', () => {
    expect(rangeRequest(Buffer.from('a'), false).toString('hex')).toBe('00' + '00000003' + '0a0161');
    expect(rangeRequest(Buffer.from('a'), true).toString('hex')).toBe('00' + '00000005' + '0a0161' + '3801');
    expect(putRequest(Buffer.from('a'), Buffer.alloc(200, 1)).subarray(0, 11).toString('hex')).toBe(
      '00' + '000000ce' + '0a0161' + '12c801',
    );
    expect(watchCreateRequest(Buffer.from('a'), 300).toString('hex')).toBe(
      '00' + '00000008' + '0a06' + '0a0161' + '38ac02',
    );
    expect(comparePutRequest(Buffer.from('a'), Buffer.from('b')).toString('hex')).toBe(
      '00' +
        '0000001c' +
        '0a10' +
        '0802' +
        '1001' +
        '1a0161' +
        '28ffffffffffffff0f' +
        '1208' +
        '1206' +
        '0a0161' +
        '120162',
    );
  });
});

describe('answers', () => {
  it('give their revision', () => {
    expect(whole(responseRevision, header)).toBe(123_456_789);
    expect(whole(responseRevision)).toBe(0);
  });

  it('are a found key only with one key, a count of one and a value of the right length', () => {
    const check = (bytes: Buffer, start: number, end: number): boolean => isSingleKeyAnswer(bytes, start, end, 3);
    expect(whole(check, header, kv('abc'), varintField(4, 1))).toBe(true);
    expect(whole(check, header, kv('abcd'), varintField(4, 1))).toBe(false);
    expect(whole(check, header, kv('abc'), kv('abc'), varintField(4, 1))).toBe(false);
    expect(whole(check, header, kv('abc'))).toBe(false);
    expect(whole(check, header)).toBe(false);
  });

  it('are a succeeded transaction only with the flag, a response and a revision', () => {
    expect(whole(isSucceededTxn, header, varintField(2, 1), messageField(3, messageField(2)))).toBe(true);
    expect(whole(isSucceededTxn, header, messageField(3, messageField(2)))).toBe(false);
    expect(whole(isSucceededTxn, header, varintField(2, 1))).toBe(false);
    expect(whole(isSucceededTxn, varintField(2, 1), messageField(3, messageField(2)))).toBe(false);
  });

  it('are a live lease only with its id and time left', () => {
    const check = (bytes: Buffer, start: number, end: number): boolean => isLiveLease(bytes, start, end, 2 ** 41 + 5);
    expect(whole(check, header, varintField(2, 2 ** 41 + 5), varintField(3, 60))).toBe(true);
    expect(whole(check, header, varintField(2, 2 ** 41 + 6), varintField(3, 60))).toBe(false);
    expect(whole(check, header, varintField(2, 2 ** 41 + 5))).toBe(false);
  });

  it('of a watch are told one by one', () => {
    const told: string[] = [];
    const visit = (bytes: Buffer, start: number, end: number): void =>
      visitWatchResponse(bytes, start, end, {
        onCreated: (id) => void told.push(`created ${id}`),
        onCanceled: (id, reason) => void told.push(`canceled ${id} ${reason}`),
        onPut: (id, revision, source, from, to) =>
          void told.push(`put ${id} ${revision} ${Buffer.from(source.subarray(from, to)).toString()}`),
        onOther: (id) => void told.push(`other ${id}`),
      });
    whole(visit, header, varintField(2, 4), varintField(3, 1));
    whole(
      visit,
      header,
      varintField(2, 4),
      messageField(11, kv('one')),
      messageField(11, varintField(1, 1), kv('')),
      messageField(11, kv('two')),
    );
    whole(visit, header, varintField(2, 4), varintField(4, 1), bytesField(6, Buffer.from('compacted')));
    expect(told).toEqual(['created 4', 'put 4 77 one', 'other 4', 'put 4 77 two', 'canceled 4 compacted']);
  });
});

describe('MessageReader', () => {
  it.each(['0a05616263', '08ffff', '0b', '09112233', '08ffffffffffffffffffffff01'])('refuses %s', (hex) => {
    const reader = new MessageReader();
    const bytes = Buffer.from(hex, 'hex');
    expect(() => {
      reader.open(bytes, 0, bytes.length);
      while (reader.next());
    }).toThrow(ProtobufError);
  });

  it('reads back every size of number', () => {
    for (let bits = 0; bits <= 53; bits++) {
      for (const value of [2 ** bits - 1, Math.min(2 ** bits, Number.MAX_SAFE_INTEGER)]) {
        const bytes = varintField(5, value);
        const reader = new MessageReader().open(bytes, 0, bytes.length);
        expect([reader.next(), reader.field, reader.value, reader.next()]).toEqual([true, 5, value, false]);
      }
    }
  });
});
