// Behind `npm start`, `npm test`, `npm run build` and `npm run bench`: sets up what is missing, then runs the target.
//   node scripts/up.mjs start|test|bench|build|setup [arguments]
// Uses built-ins only. The version check comes first, and everything newer is loaded after it.
import './check-node.cjs';

import('./set-up/tasks.mjs').then(({ runTask }) => runTask(process.argv[2], process.argv.slice(3))).catch((error) => {
  process.stderr.write(`quorate: ${error.oneLine === true ? error.message : error.stack}\n`);
  process.exit(1);
});
