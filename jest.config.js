/** Nest 12 and a few of its dependencies ship only ES modules, which jest cannot require on Node 20: those are transformed too. */
const esmOnly = ['@nestjs', 'file-type', '@borewit', 'strtok3', 'token-types', 'uint8array-extras', 'cookie', '@tokenizer'];
const swc = (typescript) => ['@swc/jest', {
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'commonjs' },
  jsc: {
    target: 'es2022',
    parser: typescript ? { syntax: 'typescript', decorators: true } : { syntax: 'ecmascript' },
    transform: typescript ? { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false } : {},
  },
}];

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  // The watch tests of test/compat/etcd3-client.spec.ts leave something open that keeps the process alive; what it is has not been found.
  forceExit: true,
  // A test waits for events; this only bounds one that waits in vain, on a busy machine too.
  testTimeout: 20_000,
  reporters: ['default', '<rootDir>/scripts/jest-skip-summary.cjs'],
  watchman: false,
  testRegex: '.*\\.spec\\.ts$',
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  moduleNameMapper: { '^@quorate/([a-z]+)$': '<rootDir>/libs/$1/src/index.ts' },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  transform: { '^.+\\.ts$': swc(true), '^.+\\.m?js$': swc(false) },
};
