import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorsDocument } from './errors-document.testing';

const file = path.resolve(__dirname, '../../docs/errors.md');

it('docs/errors.md says what the error tables say (QUORATE_WRITE_DOCS=1 writes it anew)', () => {
  if (process.env['QUORATE_WRITE_DOCS'] === '1') writeFileSync(file, errorsDocument());
  expect(readFileSync(file, 'utf8')).toBe(errorsDocument());
});
