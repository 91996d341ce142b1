import path from 'node:path';
import { HouseCheckout } from '../support/house-checkout';

interface Plant {
  readonly what: string;
  readonly file: string;
  readonly code: string;
  /** The ESLint rule that must refuse it; undefined for code that must pass. */
  readonly rule: string | undefined;
}

const pure = ['api', 'core', 'recipes', 'wire', 'sim', 'nest'];
const table = 'house/import-table';

const plants: readonly Plant[] = [
  { what: 'any', file: 'libs/api/src/plant-any.ts', code: 'export const a: any = 1;', rule: '@typescript-eslint/no-explicit-any' },
  { what: 'a type imported as a value', file: 'libs/core/src/plant-type.ts', code: "import { A } from '@quorate/api';\nexport type B = A;", rule: '@typescript-eslint/consistent-type-imports' },
  { what: 'a floating promise', file: 'libs/runtime/src/plant-floating.ts', code: 'export function f(): void { Promise.resolve(1); }', rule: '@typescript-eslint/no-floating-promises' },
  { what: 'a switch that misses a case', file: 'libs/core/src/plant-switch.ts', code: "export function f(a: 'x' | 'y'): void { switch (a) { case 'x': return; } }", rule: '@typescript-eslint/switch-exhaustiveness-check' },
  { what: 'export *', file: 'libs/api/src/plant-star.ts', code: "export * from './plant-clean';", rule: 'no-restricted-syntax' },
  { what: 'forwardRef', file: 'apps/server/src/plant-forward.ts', code: "import { forwardRef } from '@nestjs/common';\nexport const f = forwardRef(() => Object);", rule: 'no-restricted-syntax' },
  { what: 'a file of 401 lines', file: 'libs/core/src/plant-long.ts', code: `${'// line\n'.repeat(400)}export const a = 1;`, rule: 'max-lines' },
  { what: 'a function of 71 lines', file: 'libs/core/src/plant-function.ts', code: `export function f(a: number): number {\n${'  a += 1;\n'.repeat(69)}  return a;\n}`, rule: 'max-lines-per-function' },
  { what: 'a to-do comment', file: 'libs/core/src/plant-later.ts', code: `// ${'TO'}${'DO'}: later\nexport const a = 1;`, rule: 'no-warning-comments' },
  { what: 'a vague file name', file: 'libs/core/src/byte-utils.ts', code: 'export const a = 1;', rule: 'house/file-name' },
  { what: 'a vague folder name', file: 'libs/runtime/src/helpers/plant.ts', code: 'export const a = 1;', rule: 'house/file-name' },
  { what: 'console in a library', file: 'libs/client/src/plant-console.ts', code: "console.log('x');", rule: 'no-console' },

  ...pure.flatMap((lib) => [
    ...['Date.now()', 'new Date()', 'performance.now()', 'setTimeout(() => 1, 1)', 'setInterval(() => 1, 1)', 'setImmediate(() => 1)', 'queueMicrotask(() => undefined)', 'process.pid', "console.log('x')", 'globalThis.Date', 'crypto.randomUUID()'].map(
      (expression, i) => ({ what: `${expression} in ${lib}`, file: `libs/${lib}/src/plant-impure-${i}.ts`, code: `export const a: unknown = ${expression};`, rule: 'no-restricted-globals' }),
    ),
    { what: `Math.random in ${lib}`, file: `libs/${lib}/src/plant-random.ts`, code: 'export const a = Math.random();', rule: 'no-restricted-properties' },
    { what: `a dynamic import in ${lib}`, file: `libs/${lib}/src/plant-dynamic.ts`, code: "export const a = import('./plant-clean');", rule: 'no-restricted-syntax' },
    { what: `node:fs in ${lib}`, file: `libs/${lib}/src/plant-fs.ts`, code: "export { readFileSync } from 'node:fs';", rule: table },
    { what: `net, without its prefix, in ${lib}`, file: `libs/${lib}/src/plant-net.ts`, code: "export { connect } from 'net';", rule: table },
    { what: `TypeORM in ${lib}`, file: `libs/${lib}/src/plant-typeorm.ts`, code: "export { DataSource } from 'typeorm';", rule: table },
  ]),
  ...['core', 'recipes', 'api', 'wire', 'runtime', 'client'].map((lib) => ({ what: `Nest in ${lib}`, file: `libs/${lib}/src/plant-nest.ts`, code: "export { Module } from '@nestjs/common';", rule: table })),

  ...(
    [
      ['libs/api', 'core'], ['libs/core', 'wire'], ['libs/core', 'runtime'], ['libs/core', 'recipes'], ['libs/wire', 'core'],
      ['libs/recipes', 'core'], ['libs/recipes', 'client'], ['libs/runtime', 'client'], ['libs/runtime', 'recipes'], ['libs/client', 'core'],
      ['libs/client', 'runtime'], ['libs/nest', 'core'], ['libs/nest', 'runtime'], ['libs/sim', 'runtime'], ['libs/sim', 'wire'],
      ['apps/cli', 'core'], ['apps/cli', 'runtime'], ['apps/server', 'sim'], ['apps/server', 'nest'],
    ] as const
  ).map(([part, lib]) => ({ what: `${part} importing ${lib}`, file: `${part}/src/plant-table-${lib}.ts`, code: `export { a } from '@quorate/${lib}';`, rule: table })),
  { what: 'a forbidden lib in a spec', file: 'libs/core/src/plant-table.spec.ts', code: "export { a } from '@quorate/runtime';", rule: table },
  { what: 'a file inside another lib', file: 'libs/core/src/plant-deep.ts', code: "export { a } from '@quorate/api/src/plant-clean';", rule: table },
  { what: 'another lib by relative path', file: 'libs/core/src/plant-relative.ts', code: "export { a } from '../../api/src/plant-clean';", rule: table },
  { what: 'its own index', file: 'libs/core/src/plant-self.ts', code: "export { a } from '@quorate/core';", rule: table },
  { what: 'test code in production', file: 'libs/core/src/plant-testing.ts', code: "export { a } from './plant.testing';", rule: table },
  { what: 'an import type expression', file: 'libs/core/src/plant-import-type.ts', code: "export type A = import('@quorate/runtime').A;", rule: table },
  { what: 'require', file: 'libs/client/src/plant-require.ts', code: "declare const require: (name: string) => unknown;\nexport const a = require('typeorm');", rule: table },
  { what: 'Nest in the CLI', file: 'apps/cli/src/plant-nest.ts', code: "export { Module } from '@nestjs/common';", rule: table },
  { what: 'sqlite3 in the server', file: 'apps/server/src/plant-sqlite.ts', code: "export { Database } from 'sqlite3';", rule: table },
  { what: 'a lib without a row', file: 'libs/plant/src/plant.ts', code: "export { a } from '@quorate/api';", rule: table },

  ...[...pure, 'runtime', 'client'].map((lib) => ({ what: `clean code in ${lib}`, file: `libs/${lib}/src/plant-clean.ts`, code: 'export const a = Math.max(1, 2);', rule: undefined })),
  { what: 'clocks and files in runtime', file: 'libs/runtime/src/plant-clean-clock.ts', code: "import { readFileSync } from 'node:fs';\nexport const a = [Date.now(), readFileSync];", rule: undefined },
  { what: 'what the table allows', file: 'apps/server/src/plant-clean.ts', code: "export { a } from '@quorate/runtime';", rule: undefined },
  { what: 'clocks in a spec of the core', file: 'libs/core/src/plant-clean.spec.ts', code: "import { readFileSync } from 'node:fs';\nexport const a = [Date.now(), readFileSync];", rule: undefined },
];

describe('the house rules', () => {
  const checkout = new HouseCheckout(['eslint.config.mjs', 'tsconfig.json', 'package.json', 'scripts']);
  const eslint = path.join('node_modules', 'eslint', 'bin', 'eslint.js');
  const cruiser = path.join('node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const refusals = new Map<string, string[]>();
  let exitCode: number | null;

  beforeAll(async () => {
    checkout.linkPackages();
    for (const { file, code } of plants) checkout.write(file, `${code}\n`);
    const { code, stdout, stderr } = await checkout.run(process.execPath, [eslint, '--max-warnings', '0', '--format', 'json', '.']);
    exitCode = code;
    if (!stdout.startsWith('[')) throw new Error(`no report: ${stderr}`);
    for (const result of JSON.parse(stdout) as { filePath: string; messages: { ruleId: string | null; message: string }[] }[]) {
      refusals.set(path.relative(checkout.root, result.filePath), result.messages.map(({ ruleId, message }) => ruleId ?? message));
    }
  }, 120_000);
  afterAll(() => checkout.remove());

  it('fail the lint command', () => expect(exitCode).toBe(1));

  const refused = plants.filter(({ rule }) => rule !== undefined);
  it.each(refused.map((plant) => [plant.what, plant] as const))('refuse %s', (_what, { file, rule }) => {
    expect(refusals.get(file)).toContain(rule);
  });

  const accepted = plants.filter(({ rule }) => rule === undefined);
  it.each(accepted.map((plant) => [plant.what, plant] as const))('accept %s', (_what, { file }) => {
    expect(refusals.get(file)).toEqual([]);
  });

  it('cannot be switched off by a comment', async () => {
    const file = checkout.write('libs/api/src/plant-disable.ts', `/* ${'eslint'}-disable */\nexport const a: any = 1;\n`);
    const { code, stdout } = await checkout.run(process.execPath, [eslint, '--max-warnings', '0', file]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/no-explicit-any/);
    expect(stdout).toMatch(/noInlineConfig/);
  }, 60_000);

  it('refuse cycles and what the import table forbids, followed through aliases', async () => {
    const cruised = new HouseCheckout(['tsconfig.json', 'package.json', 'scripts']);
    try {
      cruised.linkPackages();
      cruised.write('libs/core/src/index.ts', "export { a } from './a';\n");
      cruised.write('libs/core/src/a.ts', "import { type B } from './b';\nexport const a: B = 1;\n");
      cruised.write('libs/core/src/b.ts', "import { type a } from './a';\nexport type B = number | typeof a;\n");
      cruised.write('libs/api/src/index.ts', "export { a } from '@quorate/core';\n");
      cruised.write('libs/runtime/src/index.ts', "export { a } from '@quorate/core';\nexport { b } from './absent';\nexport { test } from 'fast-check';\n");
      const args = [cruiser, '--config', 'scripts/dependency-cruiser.mjs', '--output-type', 'json', 'libs'];
      const { stdout } = await cruised.run(process.execPath, args);
      const { summary } = JSON.parse(stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
      const violations = summary.violations.map(({ from, rule }) => `${from} ${rule.name}`);
      expect(violations.sort()).toEqual([
        'libs/api/src/index.ts imports-of-libs-api',
        'libs/core/src/a.ts no-cycles',
        'libs/runtime/src/index.ts no-development-packages',
        'libs/runtime/src/index.ts resolvable',
      ]);
      expect((await cruised.run(process.execPath, [cruiser, '--config', 'scripts/dependency-cruiser.mjs', 'libs'])).code).not.toBe(0);
    } finally {
      cruised.remove();
    }
  }, 60_000);
});
