import type { CellSpec } from './cell';
import { runCell } from './run-cell';

/**
 * The load generator's process: one `CellSpec` comes in as a message, one `GeneratorReply` goes out, then it ends. It
 * is a process of its own so that its CPU is known apart from the server's and from the runner's.
 */
process.once('message', (spec: CellSpec) => {
  runCell(spec).then(
    (result) => reply({ result }),
    (error: unknown) => reply({ failure: error instanceof Error ? error.message : String(error) }),
  );
});

// Without its parent there is nobody to report to.
process.once('disconnect', () => process.exit(1));

function reply(message: object): void {
  process.send?.(message, () => process.exit(0));
}
