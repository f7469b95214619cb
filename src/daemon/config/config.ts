import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { EngineError, invalid } from '../../base/errors.ts';
import { isIP } from '../../base/ip-version.ts';
import { isLoopback } from '../../base/loopback.ts';
import type { RunDefaults } from '../../containers/index.ts';
import { type ProxySettings, parseProxy } from '../../distribution/index.ts';
import { DEFAULT_TAR_LIMITS } from '../../io/index.ts';
import { DEFAULT_LOG_DRIVER, findLogDriver } from '../../log-drivers/index.ts';
import type { Ulimit } from '../../spec/index.ts';
import type { LogFormat, LogLevel } from '../log.ts';
import { type LogChoice, logDefaults } from './log-defaults.ts';
import { type NetworkOptions, networkConfig } from './network-config.ts';
import { flag, integer, list, map, text } from './option-values.ts';
import type { OptionName, OptionValues } from './options.ts';

/** The configuration of gantryd, checked and with defaults. Paths are absolute, sizes in bytes. */
export interface Config {
  readonly hosts: readonly HostAddress[];
  /** Whether the address is the default. When another engine uses its socket, a second default is tried. */
  readonly hostsDefaulted: boolean;
  readonly socketGroup: string | undefined;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly pidfile: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly debug: boolean;
  /** Whether clients may ask for what Docker calls experimental: `docker build --squash`. */
  readonly isExperimental: boolean;
  readonly shutdownTimeoutSeconds: number;
  readonly labels: readonly string[];
  readonly storageDriver: 'overlay2' | 'vfs' | undefined;
  readonly runtimes: Readonly<Record<string, RuntimeCommand>>;
  readonly defaultRuntime: string | undefined;
  readonly runDefaults: RunDefaults;
  readonly initPath: string | undefined;
  readonly cdiFolders: readonly string[];
  readonly cgroupnsMode: 'host' | 'private' | undefined;
  readonly shmSizeBytes: number;
  readonly ulimits: readonly Ulimit[];
  readonly log: LogChoice;
  readonly network: NetworkOptions;
  /** The folders of plugins, in the order of precedence. */
  readonly pluginFolders: readonly string[];
  /** The limits for images. Undefined sets none. */
  readonly gc: { readonly maxBytes: number | undefined; readonly keepDays: number | undefined };
  readonly builder: {
    /** Limit of the build cache. Undefined where it is not limited. `default` is a part of the disk. */
    readonly cacheBytes: number | 'default' | undefined;
    /** Most steps at a time, of all builds. */
    readonly parallelSteps: number;
  };
  /** Limits of one decompressed image layer. */
  readonly unpack: { readonly maxBytes: number; readonly maxEntries: number };
  readonly registry: {
    readonly insecure: readonly string[];
    /** Mirrors of Docker Hub, as `info` shows them. */
    readonly mirrors: readonly string[];
    /** Base URLs by the registry's name. */
    readonly mirrorsByHost: Readonly<Record<string, readonly string[]>>;
    readonly maxConcurrentDownloads: number;
    readonly maxConcurrentUploads: number;
  };
  /** The configured proxies. An empty value stands for the environment's. */
  readonly proxies: Required<ProxySettings>;
  /** The registry on the engine's content store. */
  readonly ownRegistry: {
    /** Address such as `127.0.0.1:5000`. Undefined for none. */
    readonly listen: string | undefined;
    readonly configFile: string | undefined;
  };
}

/** A registered OCI runtime. A path without a slash is looked up in PATH. */
export interface RuntimeCommand {
  readonly path: string;
  readonly args: readonly string[];
}

export type HostAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

export const DEFAULT_SOCKET = '/var/run/docker.sock';
export const FALLBACK_SOCKET = '/run/gantry/gantry.sock';
export const DEFAULT_CONFIG_FILE = '/etc/gantry/daemon.json';

/** Docker's. */
const CDI_FOLDERS = ['/etc/cdi', '/var/run/cdi'] as const;
const PLUGIN_FOLDERS = ['/run/docker/plugins', '/etc/docker/plugins', '/usr/lib/docker/plugins'] as const;

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'fatal'];
/** The names of setrlimit(2). */
const ULIMITS: readonly string[] = [
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss'],
  ...['rtprio', 'rttime', 'sigpending', 'stack'],
];
const MEBIBYTE = 1024 * 1024;

/** @throws EngineError invalid, notImplemented: an option that cannot be honoured is refused, not ignored */
export function resolveConfig(values: OptionValues): Config {
  const execRoot = absolute(text(values, 'exec-root') ?? '/run/gantry', 'exec-root');
  const hosts = list(values, 'host').map(parseHost);
  checkHosts(hosts, values);
  const remap = text(values, 'userns-remap');
  if (remap !== undefined && remap !== '') throw unsupported('userns-remap');
  const debug = flag(values, 'debug');
  return {
    hosts: hosts.length === 0 ? [{ kind: 'unix', path: DEFAULT_SOCKET }] : hosts,
    hostsDefaulted: hosts.length === 0,
    socketGroup: text(values, 'group'),
    dataRoot: absolute(text(values, 'data-root') ?? '/var/lib/gantry', 'data-root'),
    execRoot,
    pidfile: absolute(text(values, 'pidfile') ?? `${execRoot}/gantryd.pid`, 'pidfile'),
    logLevel: debug ? 'debug' : oneOf(LEVELS, normaliseLevel(text(values, 'log-level')), 'info', 'log-level'),
    logFormat: oneOf(['text', 'json'], text(values, 'log-format'), 'text', 'log-format'),
    ...{ debug, isExperimental: flag(values, 'experimental') },
    shutdownTimeoutSeconds: integer(values, 'shutdown-timeout', 15, 0),
    labels: engineLabels(values),
    storageDriver: storageDriver(text(values, 'storage-driver')),
    runtimes: runtimes(values),
    defaultRuntime: text(values, 'default-runtime'),
    runDefaults: runDefaults(values),
    initPath: text(values, 'init-path'),
    cdiFolders: folders(list(values, 'cdi-spec-dir'), 'cdi-spec-dir', CDI_FOLDERS),
    cgroupnsMode: oneOf(
      [undefined, 'host', 'private'],
      text(values, 'default-cgroupns-mode'),
      undefined,
      'default-cgroupns-mode',
    ),
    shmSizeBytes: integer(values, 'default-shm-size', 64 * MEBIBYTE, 1),
    ulimits: Object.entries(map(values, 'default-ulimit')).map(parseUlimit),
    log: logConfig(values),
    network: networkConfig(values),
    pluginFolders: folders(list(values, 'plugin-dir'), 'plugin-dir', PLUGIN_FOLDERS),
    gc: {
      maxBytes: integer(values, 'gc-max-bytes', 0, 0) || undefined,
      keepDays: integer(values, 'gc-keep-days', 0, 0) || undefined,
    },
    builder: {
      cacheBytes: values['builder-gc'] !== false ? integer(values, 'builder-max-bytes', 0, 0) || 'default' : undefined,
      parallelSteps: integer(values, 'max-concurrent-build-steps', Math.max(4, 2 * availableParallelism()), 1),
    },
    unpack: {
      maxBytes: integer(values, 'unpack-max-bytes', DEFAULT_TAR_LIMITS.maxArchiveBytes, 1),
      maxEntries: integer(values, 'unpack-max-entries', DEFAULT_TAR_LIMITS.maxEntries, 1),
    },
    registry: registryConfig(values),
    proxies: proxyConfig(values),
    ownRegistry: ownRegistryConfig(values),
  };
}

function folders(given: readonly string[], option: OptionName, usual: readonly string[]): readonly string[] {
  return given.length === 0 ? usual : given.map((folder) => absolute(folder, option));
}

function registryConfig(values: OptionValues): Config['registry'] {
  const mirrorsByHost: Record<string, string[]> = {};
  for (const entry of list(values, 'registry-mirror')) {
    const [, host = 'docker.io', url = ''] = /^(?:([^=/]+)=)?(.*)$/.exec(entry) ?? [];
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw invalid(`invalid mirror: ${JSON.stringify(entry)} is not an http or https URL, or HOST=URL`);
    }
    mirrorsByHost[host] = [...(mirrorsByHost[host] ?? []), url];
  }
  return {
    insecure: list(values, 'insecure-registry'),
    mirrors: mirrorsByHost['docker.io'] ?? [],
    mirrorsByHost,
    maxConcurrentDownloads: integer(values, 'max-concurrent-downloads', 3, 1),
    maxConcurrentUploads: integer(values, 'max-concurrent-uploads', 5, 1),
  };
}

function proxyConfig(values: OptionValues): Config['proxies'] {
  const address = (name: 'http-proxy' | 'https-proxy'): string => {
    const given = text(values, name) ?? '';
    if (given !== '') parseProxy(given);
    return given;
  };
  return { http: address('http-proxy'), https: address('https-proxy'), no: text(values, 'no-proxy') ?? '' };
}

function ownRegistryConfig(values: OptionValues): Config['ownRegistry'] {
  return { listen: text(values, 'registry-listen'), configFile: text(values, 'registry-config') };
}

function runDefaults(values: OptionValues): RunDefaults {
  for (const server of list(values, 'dns')) {
    if (isIP(server) === 0) throw invalid(`${server} is not an ip address`);
  }
  return {
    init: flag(values, 'init'),
    noNewPrivileges: flag(values, 'no-new-privileges'),
    cgroupParent: text(values, 'cgroup-parent'),
    dns: list(values, 'dns'),
    dnsSearch: list(values, 'dns-search'),
    dnsOptions: list(values, 'dns-opt'),
  };
}

function parseHost(url: string): HostAddress {
  const unix = /^unix:\/\/(\/.*)?$/.exec(url);
  if (unix !== null) return { kind: 'unix', path: unix[1] ?? DEFAULT_SOCKET };
  if (url.startsWith('fd://')) throw invalid(`fd:// is not supported: name a socket with --host unix:///path`);
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^:/[\]]*)(?::(\d{1,5}))?\/?$/.exec(url);
  const port = Number(tcp?.[2] ?? 2375);
  if (tcp === null || port > 65535)
    throw invalid(`invalid bind address (${url}): must be unix:///path or tcp://address:port`);
  return { kind: 'tcp', host: (tcp[1] ?? '').replace(/^\[|\]$/g, '') || '127.0.0.1', port };
}

function checkHosts(hosts: readonly HostAddress[], values: OptionValues): void {
  if (flag(values, 'tls') || flag(values, 'tlsverify')) throw unsupported('tls');
  for (const name of ['tlscacert', 'tlscert', 'tlskey'] as const) {
    if (text(values, name)) throw unsupported(name);
  }
  const tcp = hosts.find((host) => host.kind === 'tcp');
  if (tcp === undefined) return;
  const shown = `tcp://${tcp.host}:${tcp.port}`;
  if (!isLoopback(tcp.host)) {
    throw invalid(
      `refusing to listen on ${shown}: beyond loopback the API needs TLS, which this version does not have`,
    );
  }
  if (!flag(values, 'allow-insecure-tcp')) {
    throw invalid(
      `refusing to listen on ${shown} without TLS: every local user could become root (allow it with --allow-insecure-tcp)`,
    );
  }
}

function runtimes(values: OptionValues): Readonly<Record<string, RuntimeCommand>> {
  return Object.fromEntries(
    Object.entries(map(values, 'add-runtime')).map(([name, command]) => {
      const [path = '', ...args] = command.split('\0');
      if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) throw invalid(`invalid runtime name: ${name}`);
      if (path.startsWith('/') && !existsSync(path)) throw invalid(`runtime ${name}: ${path} does not exist`);
      return [name, { path, args }];
    }),
  );
}

function parseUlimit([name, limits]: readonly [string, string]): Ulimit {
  const match = /^(-?\d+)(?::(-?\d+))?$/.exec(limits);
  if (match === null) throw invalid(`invalid ulimit ${name}=${limits}`);
  if (!ULIMITS.includes(name)) throw invalid(`invalid ulimit type: ${name}`);
  const soft = Number(match[1]);
  const hard = match[2] === undefined ? soft : Number(match[2]);
  if (hard !== -1 && (soft > hard || soft === -1)) {
    throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { Name: name, Soft: soft, Hard: hard };
}

/** Drops duplicates. Two values for one key are refused in dockerd's words. */
function engineLabels(values: OptionValues): readonly string[] {
  const byKey = new Map<string, string>();
  for (const label of list(values, 'label')) {
    const key = /^[^=]+(?==)/.exec(label)?.[0];
    if (key === undefined) throw invalid(`bad attribute format: ${label}`);
    const other = byKey.get(key);
    if (other !== undefined && other !== label) throw invalid(`conflict labels for ${label} and ${other}`);
    byKey.set(key, label);
  }
  return [...byKey.values()];
}

function storageDriver(name: string | undefined): 'overlay2' | 'vfs' | undefined {
  if (name === undefined || name === '') return undefined;
  if (name === 'overlay' || name === 'overlay2') return 'overlay2';
  if (name === 'vfs') return 'vfs';
  throw invalid(`driver not supported: ${name}`);
}

function logConfig(values: OptionValues): LogChoice {
  const driver = text(values, 'log-driver') ?? DEFAULT_LOG_DRIVER;
  if (findLogDriver(driver) === undefined) throw invalid(`logger: no log driver named '${driver}' is registered`);
  const log = { driver, options: map(values, 'log-opt') };
  logDefaults(log);
  return log;
}

function normaliseLevel(level: string | undefined): string | undefined {
  return level === 'warning' ? 'warn' : level;
}

function oneOf<T extends string | undefined>(
  values: readonly T[],
  given: string | undefined,
  otherwise: T,
  name: string,
): T {
  if (given === undefined || given === '') return otherwise;
  const found = values.find((value) => value === given);
  if (found === undefined)
    throw invalid(`invalid ${name}: ${given} (one of ${values.filter((value) => value !== undefined).join(', ')})`);
  return found;
}

function absolute(path: string, name: OptionName): string {
  if (path === '') throw invalid(`${name} must not be empty`);
  return resolve(path);
}

function unsupported(name: OptionName): EngineError {
  return new EngineError('notImplemented', `--${name} is not available in this version`);
}
