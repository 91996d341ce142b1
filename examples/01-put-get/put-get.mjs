// Puts a key, reads it, watches it change and deletes it, through etcd's JSON gateway, with nothing but fetch.
//   node examples/01-put-get/put-get.mjs
const server = process.env.QUORATE_URL ?? 'http://localhost:2379';

// The gateway carries keys and values as base64, since they may be any bytes.
const base64 = (text) => Buffer.from(text, 'utf8').toString('base64');
const text = (encoded) => Buffer.from(encoded ?? '', 'base64').toString('utf8');

async function post(path, body, signal) {
  const response = await fetch(server + path, { method: 'POST', body: JSON.stringify(body), signal });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

const call = async (path, body) => (await post(path, body)).json();

/** What a stream of the gateway tells: one JSON object per line. */
async function* lines(response) {
  let rest = '';
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + part).split('\n');
    rest = whole.pop();
    for (const line of whole) if (line !== '') yield JSON.parse(line).result;
  }
}

const key = base64('examples/greeting');
const { header } = await call('/v3/kv/put', { key, value: base64('hello') });
console.log(`put at revision ${header.revision}`);

const { kvs } = await call('/v3/kv/range', { key });
console.log(`read "${text(kvs[0].value)}", version ${kvs[0].version}`);

const watching = new AbortController();
const watch = lines(await post('/v3/watch', { create_request: { key } }, watching.signal));
await watch.next(); // The watch says that it is there: it misses nothing from here on.

await call('/v3/kv/put', { key, value: base64('hello again') });
await call('/v3/kv/deleterange', { key });

let seen = 0;
while (seen < 2) {
  const { value } = await watch.next();
  // PUT is the default of the field, and defaults are left out.
  for (const event of value.events ?? []) {
    console.log(`saw ${event.type ?? 'PUT'} ${text(event.kv.key)} ${text(event.kv.value)}`.trimEnd());
    seen++;
  }
}
watching.abort();
