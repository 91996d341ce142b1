import { environmentName, type Flag, flagSections } from './flag';
import { flagTable } from './flag-table';

/** The page docs/flags.md, made of the flag table. */
export function flagsDocument(): string {
  const head = `# Flags of \`quorate serve\`

<!-- Made of the flag table in apps/server/src/config; \`QUORATE_WRITE_DOCS=1 npx jest flags-document\` writes it anew. -->

The flags are those of etcd 3.6, with the same names, defaults and errors. Syntax is Go's: \`-flag value\`, \`--flag=value\`,
booleans as \`--flag\` or \`--flag=false\`; the last of several wins. A flag that is unknown or cannot be read ends with exit
code 2, a configuration that cannot be used with exit code 1 and one line that says why.

**Environment.** Each flag can be given as \`ETCD_\` and its name in capitals with \`_\` for \`-\`: \`ETCD_LISTEN_CLIENT_URLS\`.
A variable beside the flag of the same name is an error. An unknown \`ETCD_…\` variable is a warning.

**File.** \`--config-file\` (or \`ETCD_CONFIG_FILE\`) names a YAML or JSON file; all other flags and the environment are then
ignored. Keys are flag names, but for the groups \`client-transport-security\`, \`peer-transport-security\`,
\`discovery-config\` and \`socket-options\`, given below. Durations are integer nanoseconds there, lists of texts are YAML
lists (\`cors\` and \`host-whitelist\` are one text), texts that look like numbers need quotes. Unlike etcd, which passes over
unknown and repeated keys, Quorate refuses them and names the line.

**Effect.** *used*: obeyed. *accepted*: it cannot matter here, or is always so. *warns*: another value than the default is
accepted, has no effect in this version, and the log says so. *refused*: another value than the default ends the start,
because passing over it would do something else than what was asked for.

New members: \`--initial-cluster\`, \`--initial-cluster-state\` and \`--initial-advertise-peer-urls\` matter only while the data
directory is empty. Sizes are numbers of bytes. In durations \`h\`, \`m\`, \`s\`, \`ms\`, \`us\` and \`ns\` are known.
`;
  const sections = flagSections.map((section) => {
    const rows = flagTable.filter((flag) => flag.section === section).map(rowOf);
    return `\n## ${section}\n\n| flag | kind | default | meaning | effect |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  const variables = `\n## In the environment only\n\n- \`${environmentName('unsupported-arch')}\`: accepted, means nothing.\n`;
  return head + sections.join('') + variables;
}

function rowOf(flag: Flag): string {
  const kind = flag.kind === 'choice' ? (flag.choices ?? []).map(code).join(', ') : flag.kind;
  const key = flag.fileKey ? ` In a file: ${code(flag.fileKey.join('.'))}.` : '';
  const notInFile = flag.fileKey === null && flag.kind !== 'ignored' ? ' Not in a file.' : '';
  return `| ${code(`--${flag.name}`)} | ${kind} | ${flag.defaultText === '' ? '' : code(flag.defaultText)} | ${flag.help}${key}${notInFile} | ${effectOf(flag)} |`;
}

function effectOf({ effect }: Flag): string {
  switch (effect.kind) {
    case 'used': return 'used';
    case 'moot': return 'accepted';
    case 'warned': return `warns: ${effect.because}`;
    case 'refused': return `refused: ${effect.because}`;
  }
}

function code(text: string): string {
  return `\`${text}\``;
}
