import { usageHint } from './command-line';
import { flagSections } from './flag';
import { flagTable } from './flag-table';

/** What `--help` prints: every flag with its default. */
export function helpText(): string {
  const sections = flagSections.map((section) => {
    const rows = flagTable.filter((flag) => flag.section === section && flag.kind !== 'ignored').map((flag) => {
      const effect = flag.effect.kind === 'warned' || flag.effect.kind === 'refused' ? ` (${flag.effect.kind}: ${flag.effect.because})` : '';
      return `  --${flag.name} '${flag.defaultText}'\n    ${flag.help}${effect}`;
    });
    return `${section}:\n${rows.join('\n')}`;
  });
  return [usageHint, ...sections].join('\n\n');
}
