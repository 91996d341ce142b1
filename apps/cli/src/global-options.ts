import { type Command, Option } from 'commander';
import { parseDurationMs } from './arguments';
import { CliError, ExitCode } from './cli-error';
import { OUTPUT_FORMATS, type OutputFormat } from './output/presentation';

/** What every command understands; names are those of etcdctl, variables `QUORATE_<NAME>`. */
export interface GlobalOptions {
  readonly endpoints: readonly string[];
  readonly output: OutputFormat;
  readonly hex: boolean;
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecureSkipTlsVerify: boolean;
  readonly insecureTransport: boolean;
  readonly dialTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
}

/** Flags without a value, which may also be written `--name=true` or `--name=false`. */
const SWITCH_DEFAULTS: Readonly<Record<string, boolean>> = { 'insecure-skip-tls-verify': false, 'insecure-transport': true, hex: false };

export function addGlobalOptions(program: Command): void {
  const option = (flags: string, description: string, env?: string, fallback?: string): void => {
    const added = new Option(flags, description);
    if (env !== undefined) added.env(env);
    if (fallback !== undefined) added.default(fallback);
    program.addOption(added);
  };
  option('--endpoints <list>', 'members to use, separated by commas', 'QUORATE_ENDPOINTS', '127.0.0.1:2379');
  option('-o, --output <format>', `${OUTPUT_FORMATS.join(', ')}`, 'QUORATE_OUTPUT', 'simple');
  option('-w, --write-out <format>', 'the same, by the name that etcdctl has for it');
  option('--hex', 'print keys and values as hexadecimal bytes');
  option('--cacert <file>', 'verify the server by this bundle of certificates', 'QUORATE_CACERT');
  option('--cert <file>', 'certificate to show to the server', 'QUORATE_CERT');
  option('--key <file>', 'private key of that certificate', 'QUORATE_KEY');
  option('--insecure-skip-tls-verify', 'take any certificate of the server (for tests only)');
  option('--insecure-transport', 'no TLS for endpoints without a scheme (the default; turn off with =false)');
  option('--dial-timeout <duration>', 'for connecting to one member', 'QUORATE_DIAL_TIMEOUT', '2s');
  option('--command-timeout <duration>', 'for one short command', 'QUORATE_COMMAND_TIMEOUT', '5s');
  option('--keepalive-time <duration>', 'silence after which a connection is probed', 'QUORATE_KEEPALIVE_TIME', '10s');
  option('--keepalive-timeout <duration>', 'how long a probe may go unanswered', 'QUORATE_KEEPALIVE_TIMEOUT', '6s');
  option('--user <name[:password]>', 'not available: this version has no users yet', 'QUORATE_USER');
  option('--password <password>', 'not available: this version has no users yet', 'QUORATE_PASSWORD');
}

/** `--hex=true` becomes `--hex`, and a switch that is turned off goes to the second list. */
export function splitSwitches(args: readonly string[]): { readonly args: readonly string[]; readonly off: ReadonlySet<string> } {
  const end = args.indexOf('--');
  const kept: string[] = [];
  const off = new Set<string>();
  args.forEach((arg, at) => {
    const match = end >= 0 && at > end ? null : /^--([a-z-]+)=(true|false)$/.exec(arg);
    if (match === null) kept.push(arg);
    else if (match[2] === 'true') kept.push(`--${match[1] as string}`);
    else off.add(match[1] as string);
  });
  return { args: kept, off };
}

/** @throws CliError where a value makes no sense */
export function globalOptionsOf(raw: Readonly<Record<string, unknown>>, off: ReadonlySet<string>, env: NodeJS.ProcessEnv): GlobalOptions {
  if (raw['user'] !== undefined || raw['password'] !== undefined) {
    throw new CliError('--user and --password: this version has no users and no authentication yet', ExitCode.badFeature);
  }
  const text = (name: string): string | undefined => raw[name] as string | undefined;
  const files = { cacert: text('cacert'), cert: text('cert'), key: text('key') };
  if ((files.cert === undefined) !== (files.key === undefined)) throw new CliError('--cert and --key have to be given together', ExitCode.badArguments);
  return {
    endpoints: endpointsOf(text('endpoints') ?? ''),
    output: formatOf(text('writeOut') ?? text('output') ?? 'simple'),
    hex: switchOf('hex', raw['hex'], off, env),
    ...Object.fromEntries(Object.entries(files).filter(([, file]) => file !== undefined && file !== '')),
    insecureSkipTlsVerify: switchOf('insecure-skip-tls-verify', raw['insecureSkipTlsVerify'], off, env),
    insecureTransport: switchOf('insecure-transport', raw['insecureTransport'], off, env),
    dialTimeoutMs: parseDurationMs('--dial-timeout', text('dialTimeout') ?? ''),
    commandTimeoutMs: parseDurationMs('--command-timeout', text('commandTimeout') ?? ''),
    keepaliveTimeMs: parseDurationMs('--keepalive-time', text('keepaliveTime') ?? ''),
    keepaliveTimeoutMs: parseDurationMs('--keepalive-timeout', text('keepaliveTimeout') ?? ''),
  };
}

function endpointsOf(list: string): string[] {
  const endpoints = list.split(',').map((endpoint) => endpoint.trim()).filter((endpoint) => endpoint !== '');
  if (endpoints.length === 0) throw new CliError('--endpoints names no endpoint', ExitCode.badArguments);
  return endpoints;
}

function formatOf(name: string): OutputFormat {
  const format = OUTPUT_FORMATS.find((known) => known === name);
  if (format === undefined) throw new CliError(`unsupported output format "${name}": choose one of ${OUTPUT_FORMATS.join(', ')}`, ExitCode.badFeature);
  return format;
}

function switchOf(name: string, given: unknown, off: ReadonlySet<string>, env: NodeJS.ProcessEnv): boolean {
  if (off.has(name)) return false;
  if (given === true) return true;
  const variable = env[`QUORATE_${name.toUpperCase().replaceAll('-', '_')}`];
  return variable === undefined || variable === '' ? SWITCH_DEFAULTS[name] ?? false : variable === 'true' || variable === '1';
}
