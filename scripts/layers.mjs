// The import table: which part may import which, and what else it may touch. ESLint (scripts/eslint-rules.mjs) and
// dependency-cruiser (scripts/dependency-cruiser.mjs) both read it, so there is one place to change.
//
// parts     other parts, imported by their alias only: `@quorate/<lib>`
// testParts parts that its tests may import as well
// packages  npm packages (a trailing `/*` means a scope), or `any` of them except the ones in `notPackages`
// builtins  Node modules, or `any`
// pure      no clock, randomness, timers, process or console: they are handed in

const nest = ['@nestjs/*', 'reflect-metadata', 'rxjs', 'class-transformer', 'class-validator'];

export const parts = {
  'libs/api': { parts: [], packages: [], builtins: [], pure: true },
  'libs/core': { parts: ['libs/api'], testParts: ['libs/sim'], packages: [], builtins: [], pure: true },
  'libs/recipes': { parts: ['libs/api'], packages: [], builtins: [], pure: true },
  'libs/wire': { parts: ['libs/api'], packages: [], builtins: ['buffer', 'zlib'], pure: true },
  'libs/sim': { parts: ['libs/core', 'libs/recipes', 'libs/api'], packages: [], builtins: [], pure: true },
  'libs/runtime': { parts: ['libs/core', 'libs/wire', 'libs/api'], packages: 'any', notPackages: nest, builtins: 'any', pure: false },
  'libs/client': { parts: ['libs/wire', 'libs/recipes', 'libs/api'], packages: ['@grpc/grpc-js', 'ws'], builtins: 'any', pure: false },
  'libs/nest': { parts: ['libs/client', 'libs/recipes', 'libs/api'], packages: nest, builtins: [], pure: true },
  'apps/server': {
    parts: ['libs/runtime', 'libs/core', 'libs/wire', 'libs/client', 'libs/recipes', 'libs/api'],
    packages: 'any', notPackages: ['sqlite3'], builtins: 'any', pure: false,
  },
  'apps/cli': { parts: ['libs/client', 'libs/api'], packages: ['commander', 'yaml'], builtins: 'any', pure: false },
};

/** Libraries known by an alias, `@quorate/<name>`. */
export const aliasPrefix = '@quorate/';

/** The part that a path (relative to the checkout, with slashes) lies in, or undefined. */
export function partOf(path) {
  const [folder, name] = path.split('/');
  return (folder === 'libs' || folder === 'apps') && name !== undefined ? `${folder}/${name}` : undefined;
}

/** Tests and their fixtures: may use any package and Node module, but stay inside the table of parts. */
export function isTestFile(path) {
  return /\.(spec|testing)\.ts$/.test(path);
}

/** Whether `name` (a package name) is in `list`, whose entries are names or `@scope/*`. */
export function listsPackage(list, name) {
  return list.some((entry) => (entry.endsWith('/*') ? name.startsWith(entry.slice(0, -1)) : entry === name));
}
