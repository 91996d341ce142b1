/** The golden dialogues: whole exchanges between members, as text. QUORATE_UPDATE_GOLDEN=1 rewrites them; the diff is the review. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from './script.testing';

const folder = join(__dirname, 'testdata');
const files = readdirSync(folder).filter((name) => name.endsWith('.txt') && !name.startsWith('golden-'));

describe('golden dialogues', () => {
  test.each(files)('%s', (name) => {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    const actual = new Script().run(text);
    if (process.env.QUORATE_UPDATE_GOLDEN === '1' && actual !== text) writeFileSync(path, actual);
    else expect(actual).toBe(text);
  });
});
