// The import table again, on resolved modules (dependency-cruiser follows aliases and re-exports), and no cycles.
// Run by `npm run check`.
import { parts } from './layers.mjs';

const testFiles = '\\.(spec|testing)\\.ts$';

const tableRules = Object.entries(parts).map(([part, rules]) => ({
  name: `imports-of-${part.replace('/', '-')}`,
  comment: `${part} may import only ${rules.parts.join(', ') || 'nothing'} (scripts/layers.mjs)`,
  severity: 'error',
  from: { path: `^${part}/` },
  to: { path: '^(libs|apps|test)/', pathNot: [part, ...rules.parts].map((name) => `^${name}/`) },
}));

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
