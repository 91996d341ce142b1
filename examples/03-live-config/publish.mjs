// Publishes a configuration, only if nobody else did since it was read.
//   node examples/03-live-config/publish.mjs <group> <key> <content>
const server = process.env.QUORATE_URL ?? 'http://localhost:2379';
const [, , group, key, content] = process.argv;
if (content === undefined) {
  console.error('usage: node publish.mjs <group> <key> <content>');
  process.exit(2);
}
const url = `${server}/api/v1/configs/default/${group}/${key}`;

const current = await fetch(url);
if (!current.ok && current.status !== 404) throw new Error(`${current.status} ${await current.text()}`);
// 0: there must be none.
const expectedVersion = current.ok ? (await current.json()).version : 0;

const response = await fetch(url, {
  method: 'PUT',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ content, format: 'text', expectedVersion }),
});
const answer = await response.json();
if (!response.ok) {
  console.error(`${answer.error.code}: ${answer.error.message}`);
  process.exit(1);
}
console.log(`${key} is version ${answer.version} at revision ${answer.revision}`);
