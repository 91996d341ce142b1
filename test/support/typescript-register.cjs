// `node -r` this file to run a TypeScript program of the repository in a process of its own, without a build:
// compiles each file as it is required (no type check) and resolves the aliases of the libraries.
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { transformSync } = require('@swc/core');

const root = path.resolve(__dirname, '..', '..');
const resolveFilename = Module._resolveFilename;

Module._resolveFilename = (request, ...rest) => {
  const alias = /^@quorate\/([a-z]+)$/.exec(request);
  return resolveFilename(alias ? path.join(root, 'libs', alias[1], 'src', 'index.ts') : request, ...rest);
};

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    swcrc: false,
    sourceMaps: 'inline',
    module: { type: 'commonjs' },
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
  });
  module._compile(code, filename);
};
