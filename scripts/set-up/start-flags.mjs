// What `npm start -- <arguments>` adds to the server's own flags, so that a first try needs none.
import { SetUpError } from './process.mjs';

const revisionsKept = 10_000;
const urlFlags = ['listen-client-urls', 'advertise-client-urls', 'listen-peer-urls', 'initial-advertise-peer-urls'];

/**
 * Expands the arguments of `npm start` to plain server flags: `{ flags, notes }`. `--port N` moves the client port to N
 * and the peer port to N+1, in what is listened on and in what is advertised. What the user set (flag or ETCD_*
 * variable) is never overridden, and a configuration file stands alone, as in etcd.
 */
export function startFlags(args, env) {
  const { port, flags } = takePort(args);
  const isSet = (name) => flags.some((flag) => flag.replace(/^--?/, '').split('=')[0] === name) || env[`ETCD_${name.toUpperCase().replaceAll('-', '_')}`] !== undefined;
  const notes = [];
  if (flags.some((flag) => /^--?(version|help|h)$/.test(flag))) return { flags, notes };
  if (isSet('config-file')) {
    if (port !== undefined) throw new SetUpError('--port does not go with --config-file: set the URLs in the file');
    return { flags, notes };
  }
  if (port !== undefined) {
    const clash = urlFlags.find(isSet);
    if (clash !== undefined) throw new SetUpError(`--port and ${clash} say the same thing: give one of them`);
    const [client, peer] = [`http://localhost:${port}`, `http://localhost:${port + 1}`];
    flags.push(`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`, `--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`);
    // As in etcd, the default cluster does not follow the peer address by itself.
    if (!isSet('initial-cluster')) flags.push(`--initial-cluster=${nameOf(flags, env)}=${peer}`);
  }
  if (!isSet('data-dir')) flags.push(`--data-dir=${nameOf(flags, env)}.quorate`);
  if (!isSet('auto-compaction-mode') && !isSet('auto-compaction-retention')) {
    flags.push('--auto-compaction-mode=revision', `--auto-compaction-retention=${revisionsKept}`);
    notes.push(`the last ${revisionsKept} revisions are kept (revision auto-compaction); --auto-compaction-retention=0 keeps all`);
  }
  return { flags, notes };
}

function takePort(args) {
  const flags = [];
  let port;
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = args[i].split('=', 2);
    if (name !== '--port' && name !== '-port') {
      flags.push(args[i]);
      continue;
    }
    const value = inline ?? args[++i] ?? '';
    port = Number(value);
    if (!/^\d+$/.test(value) || port < 1 || port > 65_534) throw new SetUpError(`--port takes a number from 1 to 65534, not "${value}"`);
  }
  return { port, flags };
}

function nameOf(flags, env) {
  const at = flags.findIndex((flag) => /^--?name(=|$)/.test(flag));
  if (at < 0) return env.ETCD_NAME ?? 'default';
  return flags[at].includes('=') ? flags[at].slice(flags[at].indexOf('=') + 1) : (flags[at + 1] ?? 'default');
}
