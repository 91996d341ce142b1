// The import table again, on resolved modules (dependency-cruiser follows aliases and re-exports), and no cycles.
// Run by `npm run check`.
import { parts } from './layers.mjs';

const testFiles = '\\.(spec|testing)\\.ts$';

const tableRule = (part, kind, allowed, from) => ({
  name: `imports-of-${part.replace('/', '-')}${kind}`,
  comment: `${part} may import only ${allowed.join(', ') || 'nothing'} (scripts/layers.mjs)`,
  severity: 'error',
  from,
  to: { path: '^(libs|apps|test)/', pathNot: [part, ...allowed].map((name) => `^${name}/`) },
});
const tableRules = Object.entries(parts).flatMap(([part, rules]) => [
  tableRule(part, '', rules.parts, { path: `^${part}/`, pathNot: testFiles }),
  tableRule(part, '-tests', [...rules.parts, ...(rules.testParts ?? [])], { path: `^${part}/.*${testFiles}` }),
]);

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-development-packages',
      comment: 'what runs in production is listed under dependencies',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: testFiles },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'listed-packages',
      comment: 'a package that is used is listed in package.json',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'nobody-imports-tests', severity: 'error', from: { path: '^(libs|apps)/', pathNot: testFiles }, to: { path: `(^test/|${testFiles})` } },
    ...tableRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'], extensions: ['.ts', '.js', '.json', '.d.ts'] },
    skipAnalysisNotInRules: true,
  },
};
