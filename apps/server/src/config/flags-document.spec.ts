import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { flagsDocument } from './flags-document.testing';

const file = path.resolve(__dirname, '../../../../docs/flags.md');

it('docs/flags.md says what the flag table says (QUORATE_WRITE_DOCS=1 writes it anew)', () => {
  if (process.env['QUORATE_WRITE_DOCS'] === '1') writeFileSync(file, flagsDocument());
  expect(readFileSync(file, 'utf8')).toBe(flagsDocument());
});
