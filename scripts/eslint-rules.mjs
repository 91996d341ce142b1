// House rules that no published ESLint rule states: the import table (by resolved path) and file names.
import { builtinModules } from 'node:module';
import path from 'node:path';
import { aliasPrefix, isTestFile, listsPackage, partOf, parts } from './layers.mjs';

const root = path.resolve(import.meta.dirname, '..');
const builtins = new Set(builtinModules);
const vagueNames = /(^|[-.])(utils?|common|helpers?|manager|misc)([-.]|$)/;

const relative = (file) => path.relative(root, file).split(path.sep).join('/');
const packageOf = (specifier) => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');

/**
 * Why `file` (relative to the checkout) must not import `specifier`; undefined when it may. Exported for its test.
 */
export function importFault(file, specifier) {
  const here = partOf(file);
  if (here === undefined) return partlessFault(specifier);
  const rules = parts[here];
  if (rules === undefined) return `${here} has no row in scripts/layers.mjs: add one`;

  if (specifier.startsWith('.')) return relativeFault(file, here, specifier);
  if (specifier.startsWith(aliasPrefix)) return aliasFault(file, here, rules, specifier);
  if (path.isAbsolute(specifier) || /^(libs|apps|test)\//.test(specifier)) return 'import other parts by alias, files of this part by relative path';
  if (isTestFile(file)) return undefined;

  const bare = specifier.replace(/^node:/, '');
  if (specifier.startsWith('node:') || builtins.has(bare.split('/')[0])) {
    const allowed = rules.builtins === 'any' || rules.builtins.includes(bare);
    return allowed ? undefined : `${here} must not use the Node module ${specifier}: have it handed in`;
  }
  const name = packageOf(specifier);
  const listed = rules.packages === 'any' ? !listsPackage(rules.notPackages ?? [], name) : listsPackage(rules.packages, name);
  return listed ? undefined : `${here} must not use the package ${name} (scripts/layers.mjs)`;
}

function partlessFault(specifier) {
  const deep = specifier.startsWith(aliasPrefix) && specifier.slice(aliasPrefix.length).includes('/');
  return deep ? `import ${specifier.split('/').slice(0, 2).join('/')}, not a file inside it` : undefined;
}

function relativeFault(file, here, specifier) {
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier));
  if (partOf(target) !== here) return `${specifier} leaves ${here}: import other parts by alias`;
  if (!isTestFile(file) && /\.(spec|testing)$/.test(target)) return 'production code must not import test code';
  return undefined;
}

function aliasFault(file, here, rules, specifier) {
  const lib = specifier.slice(aliasPrefix.length);
  if (lib.includes('/')) return `import ${aliasPrefix}${lib.split('/')[0]}, not a file inside it`;
  const target = `libs/${lib}`;
  if (target === here) return 'inside a part import the file, not its own index';
  const allowed = rules.parts.includes(target) || (isTestFile(file) && rules.testParts?.includes(target));
  return allowed ? undefined : `${here} must not import ${target} (scripts/layers.mjs)`;
}

const importTable = {
  meta: { type: 'problem', schema: [], messages: { fault: '{{fault}}' } },
  create(context) {
    const file = relative(context.filename);
    const check = (node, source) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const fault = importFault(file, source.value);
      if (fault !== undefined) context.report({ node, messageId: 'fault', data: { fault } });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal),
      TSExternalModuleReference: (node) => check(node, node.expression),
      CallExpression(node) {
        if (node.callee.type === 'Identifier' && node.callee.name === 'require') check(node, node.arguments[0]);
      },
    };
  },
};

const fileName = {
  meta: { type: 'suggestion', schema: [], messages: { vague: '{{name}} says nothing about its content: name it after what it holds' } },
  create(context) {
    const names = relative(context.filename).split('/');
    return {
      Program(node) {
        for (const name of names) if (vagueNames.test(name)) context.report({ node, loc: { line: 1, column: 0 }, messageId: 'vague', data: { name } });
      },
    };
  },
};

export default { rules: { 'import-table': importTable, 'file-name': fileName } };
