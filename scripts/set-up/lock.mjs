// A lock between set-ups in one checkout. The holder touches the file every second; a lock whose process is dead, or
// that nobody touched for a minute (another machine or container), is taken over.
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

const beatMs = 1_000;
const pollMs = 200;
const deadAfterMs = 3_000;
const abandonedAfterMs = 60_000;

/** Runs `task` while holding the lock `file`; `onWait(pid)` is called once if another process holds it. */
export async function withLock(file, task, onWait) {
  await acquire(file, onWait);
  const release = () => rmSync(file, { force: true });
  process.on('exit', release);
  const beat = setInterval(() => touch(file), beatMs);
  // Ctrl-C during an installation: leave no lock behind.
  const stop = () => process.exit(130);
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop);
  try {
    return await task();
  } finally {
    clearInterval(beat);
    process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', stop).off('exit', release);
    release();
  }
}

async function acquire(file, onWait) {
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  for (let waited = false; ; ) {
    try {
      writeFileSync(file, mine, { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const held = inspect(file);
    if (held === undefined) continue;
    if (held.stale) {
      takeAway(file, held.content);
      continue;
    }
    if (!waited) onWait(held.pid);
    waited = true;
    await delay(pollMs);
  }
}

function inspect(file) {
  try {
    const content = readFileSync(file, 'utf8');
    const ageMs = Date.now() - statSync(file).mtimeMs;
    const { pid, host } = parse(content);
    const dead = pid === undefined || (host === hostname() && !isAlive(pid));
    return { content, pid, stale: (dead && ageMs > deadAfterMs) || ageMs > abandonedAfterMs };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A lock file whose writer died between creating and filling it is empty. */
function parse(content) {
  try {
    return JSON.parse(content);
  } catch {
    return {};
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Removes the stale lock, but never one that somebody else has just taken in its place. */
function takeAway(file, staleContent) {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, 'utf8') !== staleContent) linkSync(aside, file);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function touch(file) {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // Removed by hand: the work goes on, and release() has nothing to do.
  }
}
