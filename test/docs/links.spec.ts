import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Link, linksOf, slugsOf } from './markdown.testing';

const checkout = path.resolve(__dirname, '../..');
const notOurs = /^(node_modules|dist|coverage|\..+|.+\.(quorate|etcd))$/;

function markdownFiles(folder: string): string[] {
  return readdirSync(path.join(checkout, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return notOurs.test(entry.name) ? [] : markdownFiles(name);
    return entry.name.endsWith('.md') ? [name] : [];
  });
}

/** What is wrong with a link of a file, or nothing. Links to other sites are not followed. */
function faultOf(file: string, { target, line }: Link): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [name = '', anchor] = target.split('#', 2);
  const linked = name === '' ? file : path.posix.join(path.posix.dirname(file), name);
  const fault = (text: string): string => `${file}:${line}: ${target}: ${text}`;
  if (linked.startsWith('..')) return fault('leads out of the checkout');
  const full = path.join(checkout, linked);
  if (!existsSync(full)) return fault('there is no such file');
  if (anchor === undefined) return undefined;
  if (statSync(full).isDirectory() || !linked.endsWith('.md')) return fault('has an anchor, but is no page');
  return slugsOf(readFileSync(full, 'utf8')).includes(anchor) ? undefined : fault('there is no such heading');
}

describe('the pages of this checkout', () => {
  const files = markdownFiles('.');

  it('are found', () => {
    expect(files).toEqual(expect.arrayContaining(['README.md', 'docs/errors.md', 'libs/core/src/raft/README.md']));
  });

  it('have no link that leads nowhere', () => {
    const faults = files.flatMap((file) => linksOf(readFileSync(path.join(checkout, file), 'utf8')).map((link) => faultOf(file, link)));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  it('have one title each, first of all', () => {
    const titles = (file: string): string[] => readFileSync(path.join(checkout, file), 'utf8').replace(/^```[^]*?^```$/gm, '').split('\n').filter((line) => line.startsWith('# '));
    const strange = files.filter((file) => titles(file).length !== 1 || !readFileSync(path.join(checkout, file), 'utf8').startsWith('# '));
    expect(strange).toEqual([]);
  });

  it('are there for every lib and app', () => {
    const parts = ['libs', 'apps'].flatMap((folder) => readdirSync(path.join(checkout, folder)).map((name) => `${folder}/${name}`));
    expect(parts.filter((part) => !files.includes(`${part}/README.md`))).toEqual([]);
  });
});
