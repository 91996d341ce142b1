'use strict';
// Refuses a Node.js that cannot run Quorate, in one line. Loaded before everything else (`node --require`), so it is
// written in the language of very old versions and uses nothing but built-ins.
var parts = process.versions.node.split('.');
var major = Number(parts[0]);
var minor = Number(parts[1]);
var fits = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
if (!fits) {
  process.stderr.write(
    'quorate: Node.js ' + process.versions.node + ' is not supported; install 20.19+, 22.12+ or 24+ (https://nodejs.org)\n'
  );
  process.exit(1);
}
