import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decodeCommand, encodeCommand } from './command';
import { goldenCommands } from './command-samples.testing';

const folder = path.resolve(__dirname, '../../../../test/golden/commands');
/** Writes files that are missing, after a new kind of command was added. Existing ones are never rewritten: logs hold them. */
const adding = process.env['QUORATE_GOLDEN_ADD'] === '1';

const fileOf = (name: string): string => path.join(folder, `v1-${name}.hex`);
const asText = (bytes: Buffer): string => `${(bytes.toString('hex').match(/.{1,64}/g) ?? []).join('\n')}\n`;
const asBytes = (text: string): Buffer => Buffer.from(text.replaceAll('\n', ''), 'hex');

describe('golden bytes of commands', () => {
  beforeAll(() => {
    if (!adding) return;
    mkdirSync(folder, { recursive: true });
    for (const [name, command] of Object.entries(goldenCommands)) {
      if (!existsSync(fileOf(name))) writeFileSync(fileOf(name), asText(encodeCommand(command)));
    }
  });

  it('are there for each sample, and for nothing else', () => {
    expect(readdirSync(folder).sort()).toEqual(Object.keys(goldenCommands).map((name) => path.basename(fileOf(name))).sort());
  });

  it.each(Object.entries(goldenCommands))('of %s are read and written as ever', (name, command) => {
    const bytes = asBytes(readFileSync(fileOf(name), 'utf8'));
    expect(decodeCommand(bytes)).toEqual(command);
    expect(asText(encodeCommand(command))).toBe(asText(bytes));
  });
});
