// A small client of the service registry: register and keep registered, and follow who else is there.
const server = process.env.QUORATE_URL ?? 'http://localhost:2379';
const registry = `${server}/api/v1/registry/default`;
const TTL_SECONDS = 6;
const RETRY_MS = 1000;

/** A refusal of the server, with its stable code. */
class Refusal extends Error {
  constructor(status, { code, message }) {
    super(`${code}: ${message}`);
    this.status = status;
    this.code = code;
  }
}

async function call(method, path, body, signal) {
  const response = await fetch(registry + path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  const answer = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new Refusal(response.status, answer.error);
  return answer;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Registers an instance and renews it until `leave` is called. Without renewals (a crash, a cut cable) it vanishes after
 * its TTL, for everybody.
 */
export async function join(service, id, { address, port }) {
  const path = `/${service}/${id}`;
  const register = () => call('PUT', path, { address, port, ttlSeconds: TTL_SECONDS });
  let { leaseId } = await register();
  let beating;
  const beat = async () => {
    try {
      await call('PUT', `${path}/heartbeat?leaseId=${leaseId}`);
    } catch (error) {
      // It was away for longer than its TTL: it registers again. Whatever else went wrong, the next beat tries again.
      if (error.code === 'instance_unknown') ({ leaseId } = await register().catch(() => ({ leaseId })));
      else console.error(`heartbeat: ${error.message}`);
    }
  };
  const timer = setInterval(() => (beating = beat()), (TTL_SECONDS * 1000) / 3);
  return {
    async leave() {
      clearInterval(timer);
      // A beat under way could register it again.
      await beating;
      await call('DELETE', `${path}?leaseId=${leaseId}`);
    },
  };
}

/** Yields the healthy instances of a service, now and after each change, by long poll. Ends with the signal. */
export async function* follow(service, signal) {
  let after;
  while (!signal.aborted) {
    try {
      const wait = after === undefined ? '' : `&waitSeconds=30&afterRevision=${after}`;
      const { items, revision } = await call('GET', `/${service}?healthy=true${wait}`, undefined, signal);
      // An ended wait answers with what there is.
      if (revision !== after) yield items;
      after = revision;
    } catch (error) {
      if (signal.aborted) return;
      // `compacted`: the history since then is gone, so it reads the present anew.
      if (error.code === 'compacted') after = undefined;
      else await pause(RETRY_MS);
    }
  }
}
