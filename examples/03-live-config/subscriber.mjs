// Prints the configurations of a group and every change to them, live, over WebSocket. After a lost connection, or when
// started with --after, it gets exactly what it missed.
//   node examples/03-live-config/subscriber.mjs <group> [--after <revision>]
import WebSocket from 'ws';

const server = process.env.QUORATE_URL ?? 'http://localhost:2379';
const RETRY_MS = 1000;
const [, , group, option, given] = process.argv;
if (group === undefined || (option !== undefined && option !== '--after')) {
  console.error('usage: node subscriber.mjs <group> [--after <revision>]');
  process.exit(2);
}

let afterRevision = given;
let socket;

function connect() {
  socket = new WebSocket(`${server.replace(/^http/, 'ws')}/ws/v1`);
  socket.on('open', () => {
    const resume = afterRevision === undefined ? {} : { afterRevision };
    socket.send(JSON.stringify({ id: 1, op: 'subscribe', topic: 'config', namespace: 'default', group, key: '*', ...resume }));
  });
  socket.on('message', (data) => show(JSON.parse(data)));
  socket.on('error', (error) => console.error(`connection: ${error.message || error.code}`));
  socket.on('close', () => setTimeout(connect, RETRY_MS));
}

function show(frame) {
  switch (frame.type) {
    case 'snapshot':
      console.log(`at revision ${frame.revision} there are ${frame.items.length}`);
      for (const { key, version, content } of frame.items) console.log(`  ${key} (version ${version}) is ${content}`);
      break;
    case 'change':
      for (const { op, key, value } of frame.changes) {
        console.log(op === 'put' ? `  ${key.key} (version ${value.version}) is now ${value.content}` : `  ${key.key} is gone`);
      }
      break;
    case 'reset':
      console.log('what was missed is no longer in the history; here is the present');
      break;
    case 'error':
      console.error(`${frame.error.code}: ${frame.error.message}`);
      process.exit(1);
  }
  // Everything up to this revision was told.
  if (frame.revision !== undefined) afterRevision = frame.revision;
}

process.once('SIGINT', () => {
  const resume = afterRevision === undefined ? '' : ` --after ${afterRevision}`;
  console.log(`to go on from here: node examples/03-live-config/subscriber.mjs ${group}${resume}`);
  process.exit(0);
});

connect();
