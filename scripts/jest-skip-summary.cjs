'use strict';
const path = require('node:path');

/** A jest reporter that names every test that did not run, after the summary, so that a skip is never overlooked. */
module.exports = class SkipSummary {
  constructor(globalConfig) {
    this.rootDir = globalConfig.rootDir;
    // With -t, tests are left out on purpose.
    this.filtered = Boolean(globalConfig.testNamePattern);
  }

  onRunComplete(_contexts, results) {
    if (this.filtered) return;
    const lines = results.testResults.flatMap((file) =>
      file.testResults
        .filter((test) => test.status === 'pending' || test.status === 'todo')
        .map((test) => `  ${path.relative(this.rootDir, file.testFilePath)}: ${[...test.ancestorTitles, test.title].join(' › ')}`),
    );
    if (lines.length > 0) process.stderr.write(`\nNot run (${lines.length}):\n${lines.join('\n')}\n`);
  }
};
