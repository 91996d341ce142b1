// A service that registers, finds its peers, and says hello to each one that appears. Run it twice:
//   node examples/02-registry/service.mjs shop billing
//   node examples/02-registry/service.mjs billing shop
import { once } from 'node:events';
import { createServer } from 'node:http';
import { follow, join } from './registry.mjs';

const [, , name, peer] = process.argv;
if (name === undefined || peer === undefined) {
  console.error('usage: node service.mjs <name> <peer>');
  process.exit(2);
}
const id = `${name}-${process.pid}`;

const server = createServer((request, response) => response.end(`hello from ${id}\n`));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { address, port } = server.address();

const registration = await join(name, id, { address, port });
console.log(`${id}: registered at ${address}:${port}`);

const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stopping.abort());

const known = new Set();
for await (const instances of follow(peer, stopping.signal)) {
  const present = new Set(instances.map((instance) => instance.id));
  for (const gone of [...known].filter((other) => !present.has(other))) {
    known.delete(gone);
    console.log(`${id}: ${gone} is gone`);
  }
  for (const instance of instances) {
    if (known.has(instance.id)) continue;
    known.add(instance.id);
    const answer = await fetch(`http://${instance.address}:${instance.port}/`).then((response) => response.text(), () => 'no answer');
    console.log(`${id}: found ${instance.id}: ${answer.trim()}`);
  }
}

await registration.leave();
console.log(`${id}: deregistered`);
server.close();
server.closeAllConnections();
