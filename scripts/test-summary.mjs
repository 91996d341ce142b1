// Reads jest's JSON result and prints one closing line. Exits non-zero unless every test passed and none was skipped.
//   node scripts/test-summary.mjs <result.json>
import { readFileSync } from 'node:fs';

const result = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const passed = result.numPassedTests;
const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
const skipped = result.numPendingTests + result.numTodoTests;
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = result.success && passed > 0 && failed === 0 && skipped === 0 ? 0 : 1;
