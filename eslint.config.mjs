import tseslint from 'typescript-eslint';
import house from './scripts/eslint-rules.mjs';
import { parts } from './scripts/layers.mjs';

const typescript = ['apps/**/*.ts', 'libs/**/*.ts', 'test/**/*.ts'];
const tests = ['**/*.spec.ts', '**/*.testing.ts', 'test/**/*.ts'];
const pureParts = Object.entries(parts).filter(([, rules]) => rules.pure).map(([part]) => `${part}/**/*.ts`);

/** Tables of other people's protocols, and generated code, are as long as the protocol. */
const protocolTables = ['libs/wire/src/**/*.table.ts', 'libs/wire/src/**/*.generated.ts', 'libs/wire/src/**/messages*.ts'];

const handedIn = (name) => ({ name, message: 'Clocks, randomness, timers, the process and the console are handed in (libs/api: Clock, Random), or live in libs/runtime and libs/client.' });
const impure = [
  'Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate',
  'queueMicrotask', 'process', 'console', 'crypto', 'fetch', 'WebSocket', 'globalThis', 'global', 'require', 'module', '__dirname', '__filename',
].map(handedIn);

const forbiddenSyntax = [
  { selector: 'ExportAllDeclaration', message: 'Name what is exported.' },
  { selector: 'CallExpression[callee.name="forwardRef"], ImportSpecifier[imported.name="forwardRef"]', message: 'Break the cycle instead of forwardRef.' },
];
const impureSyntax = [
  { selector: 'ImportExpression', message: 'No loading at run time in pure code.' },
  { selector: 'MemberExpression[object.type="MetaProperty"]', message: 'No import.meta in pure code.' },
];

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'coverage/', '**/*.quorate/', 'apps/console/dist/'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: typescript,
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    plugins: { house },
    rules: {
      'house/import-table': 'error',
      'house/file-name': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false, arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      '@typescript-eslint/no-namespace': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-debugger': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'], location: 'start' }],
      'no-restricted-syntax': ['error', ...forbiddenSyntax],
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
    },
  },
  { files: protocolTables, rules: { 'max-lines': 'off', 'max-lines-per-function': 'off' } },
  { files: tests, rules: { 'max-lines': ['error', { max: 800 }], 'max-lines-per-function': 'off' } },
  {
    files: ['libs/**/*.ts'],
    ignores: tests,
    rules: { 'no-console': 'error' },
  },
  {
    files: pureParts,
    ignores: tests,
    rules: {
      'no-restricted-globals': ['error', ...impure],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'Randomness is handed in (libs/api: Random).' }],
      'no-restricted-syntax': ['error', ...forbiddenSyntax, ...impureSyntax],
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    rules: { 'no-undef': 'off', 'no-unused-vars': 'error', 'no-debugger': 'error', 'no-dupe-keys': 'error', 'no-unreachable': 'error', eqeqeq: ['error', 'always', { null: 'ignore' }] },
  },
);
