import fc from 'fast-check';
import { CommandFormatError, UnknownCommandError } from './command-bytes';
import { decodeCommand, encodeCommand, proposalIdOf } from './command';
import { anyCommand, put } from './command-samples.testing';

/** Decoded values are views; compared as plain buffers. */
const roundTrip = (bytes: Buffer): unknown => decodeCommand(bytes);

describe('bytes of commands', () => {
  it('give back every command as it was', () => {
    fc.assert(fc.property(anyCommand, (command) => {
      const bytes = encodeCommand(command);
      expect(roundTrip(bytes)).toEqual(command);
      expect(proposalIdOf(bytes)).toBe(command.proposalId);
      expect(encodeCommand(decodeCommand(bytes))).toEqual(bytes);
    }), { numRuns: 500 });
  });

  it('share no memory with the request', () => {
    fc.assert(fc.property(anyCommand.filter(({ type }) => type === 'put' || type === 'txn'), (command) => {
      const bytes = encodeCommand(command);
      const before = Buffer.from(bytes);
      overwriteBuffers(command);
      expect(bytes).toEqual(before);
    }));
  });

  it('of a put are copied neither by decoding nor twice by encoding', () => {
    const bytes = encodeCommand({ type: 'put', proposalId: 1, request: put({ key: 'k', value: Buffer.from('value') }) });
    const decoded = decodeCommand(bytes);
    if (decoded.type !== 'put') throw new Error('not a put');
    expect(decoded.request.value.buffer).toBe(bytes.buffer);
  });

  it('that end anywhere too early are refused, never misread as another command of the same length', () => {
    fc.assert(fc.property(anyCommand, (command) => {
      const bytes = encodeCommand(command);
      for (let length = 1; length < bytes.length; length++) {
        const shown = tryDecode(bytes.subarray(0, length));
        // The value of a put reaches to the end of the entry, whose length the log keeps.
        if (shown instanceof Error) expect(shown).toBeInstanceOf(CommandFormatError);
        else expect(command.type).toBe('put');
      }
    }), { numRuns: 50 });
  });

  it('with random changes decode or are refused with a typed error', () => {
    fc.assert(fc.property(anyCommand, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }), (command, changes) => {
      const bytes = encodeCommand(command);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      const shown = tryDecode(bytes);
      if (shown instanceof Error) expect(shown instanceof CommandFormatError || shown instanceof UnknownCommandError).toBe(true);
    }), { numRuns: 1000 });
  });

  it('of no length are the entry of a new leader', () => {
    expect(decodeCommand(Buffer.alloc(0))).toEqual({ type: 'noop', proposalId: 0 });
    expect(proposalIdOf(Buffer.alloc(0))).toBe(0);
  });

  it.each([['format version', 0, 2], ['type', 1, 200], ['header flags', 2, 4], ['flags', 3, 16]])('of a newer %s are not skipped', (_name, at, byte) => {
    const bytes = encodeCommand({ type: 'put', proposalId: 1, request: put({ key: 'k' }) });
    bytes[at] = byte;
    expect(() => decodeCommand(bytes)).toThrow(UnknownCommandError);
  });

  it('of a transaction with an operation of a newer version are not skipped', () => {
    const bytes = encodeCommand({ type: 'txn', proposalId: 1, request: { compare: [], success: [{ type: 'empty' }], failure: [] } });
    bytes[bytes.indexOf(4, 12)] = 9;
    expect(() => decodeCommand(bytes)).toThrow(UnknownCommandError);
  });
});

function tryDecode(bytes: Buffer): unknown {
  try {
    return decodeCommand(bytes);
  } catch (error) {
    return error;
  }
}

function overwriteBuffers(value: unknown): void {
  if (Buffer.isBuffer(value)) value.fill(0xee);
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) overwriteBuffers(part);
}
