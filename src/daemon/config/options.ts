/** What a value of an option looks like. `list`, `map`: the flag may be repeated. */
export type OptionKind = 'bool' | 'string' | 'int' | 'bytes' | 'list' | 'map';

export interface OptionSpec {
  /** Long flag without dashes, dockerd's where dockerd has one. */
  readonly flag: string;
  readonly short?: string;
  readonly kind: OptionKind;
  /** Key in daemon.json where it differs from the flag: lists are plural there. With a point: a key of an object. */
  readonly key?: string;
  /** Not a daemon.json key. */
  readonly flagOnly?: boolean;
  /** Name of the value in the help. */
  readonly value?: string;
  readonly help: string;
  /** Known for a clear refusal; the help does not promise it. */
  readonly isRefused?: boolean;
}

/** Every option of gantryd: the parser, daemon.json and the help are made from this table. */
export const OPTIONS = [
  { flag: 'add-runtime', kind: 'map', key: 'runtimes', value: 'NAME=PATH', help: 'Register another OCI runtime' },
  {
    flag: 'allow-insecure-tcp',
    kind: 'bool',
    help: 'Serve tcp:// on loopback without TLS: whoever reaches it is root',
  },
  { flag: 'bip', kind: 'string', value: 'CIDR', help: 'Address and subnet of the default bridge' },
  {
    flag: 'bridge',
    short: 'b',
    kind: 'string',
    value: 'NAME',
    help: 'Attach containers to this existing bridge; "none" for no default network',
  },
  { flag: 'bridge-name', kind: 'string', value: 'NAME', help: 'Name of the default bridge (default docker0)' },
  { flag: 'cgroup-parent', kind: 'string', value: 'PATH', help: 'Parent cgroup of all containers' },
  {
    flag: 'config-file',
    kind: 'string',
    flagOnly: true,
    value: 'FILE',
    help: 'Configuration file (default /etc/gantry/daemon.json)',
  },
  { flag: 'data-root', kind: 'string', value: 'DIR', help: 'Persistent state (default /var/lib/gantry)' },
  { flag: 'debug', short: 'D', kind: 'bool', help: 'Log at level debug' },
  {
    flag: 'default-address-pool',
    kind: 'list',
    key: 'default-address-pools',
    value: 'base=CIDR,size=N',
    help: 'Address pool for networks',
  },
  {
    flag: 'default-cgroupns-mode',
    kind: 'string',
    value: 'MODE',
    help: 'Cgroup namespace of containers: host or private',
  },
  { flag: 'default-runtime', kind: 'string', value: 'NAME', help: 'OCI runtime of containers that name none' },
  { flag: 'default-shm-size', kind: 'bytes', value: 'BYTES', help: 'Size of /dev/shm (default 64MiB)' },
  {
    flag: 'default-ulimit',
    kind: 'map',
    key: 'default-ulimits',
    value: 'NAME=SOFT[:HARD]',
    help: 'Resource limit of containers',
  },
  { flag: 'dns', kind: 'list', value: 'ADDRESS', help: 'DNS server of containers' },
  { flag: 'dns-opt', kind: 'list', key: 'dns-opts', value: 'OPTION', help: 'DNS option of containers' },
  { flag: 'dns-search', kind: 'list', value: 'DOMAIN', help: 'DNS search domain of containers' },
  { flag: 'exec-root', kind: 'string', value: 'DIR', help: 'Runtime state, gone after a reboot (default /run/gantry)' },
  {
    flag: 'gc-keep-days',
    kind: 'int',
    key: 'gc.keepDays',
    value: 'DAYS',
    help: 'Remove images that nothing has used for so long (default: never)',
  },
  {
    flag: 'gc-max-bytes',
    kind: 'bytes',
    key: 'gc.maxBytes',
    value: 'BYTES',
    help: 'Remove the least recently used images beyond this size of all (default: no limit)',
  },
  { flag: 'group', short: 'G', kind: 'string', value: 'GROUP', help: 'Group of the unix socket (default docker)' },
  { flag: 'help', short: 'h', kind: 'bool', flagOnly: true, help: 'Print this help' },
  {
    flag: 'host',
    short: 'H',
    kind: 'list',
    key: 'hosts',
    value: 'URL',
    help: 'Address to listen on: unix:///path or tcp://address:port',
  },
  {
    flag: 'http-proxy',
    kind: 'string',
    key: 'proxies.http-proxy',
    value: 'URL',
    help: 'Proxy for http (default HTTP_PROXY of the environment)',
  },
  {
    flag: 'https-proxy',
    kind: 'string',
    key: 'proxies.https-proxy',
    value: 'URL',
    help: 'Proxy for https (default HTTPS_PROXY of the environment)',
  },
  { flag: 'init', kind: 'bool', help: 'Run an init in every container' },
  { flag: 'init-path', kind: 'string', value: 'FILE', help: 'The init binary' },
  {
    flag: 'insecure-registry',
    kind: 'list',
    key: 'insecure-registries',
    value: 'HOST',
    help: 'Registry to talk to without verified TLS',
  },
  {
    flag: 'ip',
    kind: 'string',
    value: 'ADDRESS',
    help: 'Host address of published ports that name none (default 0.0.0.0)',
  },
  { flag: 'label', kind: 'list', key: 'labels', value: 'KEY=VALUE', help: 'Label of the engine' },
  {
    flag: 'live-restore',
    kind: 'bool',
    help: 'Accepted for compatibility: containers always live on while the engine is down',
  },
  { flag: 'log-driver', kind: 'string', value: 'NAME', help: 'Default log driver of containers (default json-file)' },
  { flag: 'log-format', kind: 'string', value: 'FORMAT', help: 'Log as text or json (default text)' },
  {
    flag: 'log-level',
    short: 'l',
    kind: 'string',
    value: 'LEVEL',
    help: 'debug, info, warn, error or fatal (default info)',
  },
  { flag: 'log-opt', kind: 'map', key: 'log-opts', value: 'KEY=VALUE', help: 'Default log option of containers' },
  {
    flag: 'max-concurrent-downloads',
    kind: 'int',
    value: 'N',
    help: 'Layers downloaded at a time, all pulls together (default 3)',
  },
  {
    flag: 'max-concurrent-uploads',
    kind: 'int',
    value: 'N',
    help: 'Layers uploaded at a time, all pushes together (default 5)',
  },
  { flag: 'mtu', kind: 'int', value: 'N', help: 'MTU of the default bridge' },
  {
    flag: 'no-proxy',
    kind: 'string',
    key: 'proxies.no-proxy',
    value: 'HOSTS',
    help: 'Hosts and networks that are reached without a proxy, with commas between (default NO_PROXY of the environment)',
  },
  { flag: 'no-new-privileges', kind: 'bool', help: 'Set no-new-privileges for containers' },
  {
    flag: 'pidfile',
    short: 'p',
    kind: 'string',
    value: 'FILE',
    help: 'Where to write the process id (default EXEC-ROOT/gantryd.pid)',
  },
  {
    flag: 'registry-config',
    kind: 'string',
    value: 'FILE',
    help: 'Accounts, TLS, quotas, a cache and more for the registry within the engine (docs/registry.md)',
  },
  {
    flag: 'registry-listen',
    kind: 'string',
    value: 'ADDRESS:PORT',
    help: 'Serve a registry on the engine’s own images (default off)',
  },
  {
    flag: 'registry-mirror',
    kind: 'list',
    key: 'registry-mirrors',
    value: '[HOST=]URL',
    help: 'Mirror asked first when pulling, of Docker Hub or of the registry HOST',
  },
  {
    flag: 'shutdown-timeout',
    kind: 'int',
    value: 'SECONDS',
    help: 'How long requests in flight may take when the engine stops (default 15)',
  },
  {
    flag: 'storage-driver',
    short: 's',
    kind: 'string',
    value: 'NAME',
    help: 'overlay2 or vfs (default: what works here)',
  },
  { flag: 'tls', kind: 'bool', help: 'Use TLS for tcp://; implied by --tlsverify', isRefused: true },
  {
    flag: 'tlscacert',
    kind: 'string',
    value: 'FILE',
    help: 'Trust certificates signed by this authority',
    isRefused: true,
  },
  { flag: 'tlscert', kind: 'string', value: 'FILE', help: 'TLS certificate', isRefused: true },
  { flag: 'tlskey', kind: 'string', value: 'FILE', help: 'TLS key', isRefused: true },
  { flag: 'tlsverify', kind: 'bool', help: 'Use TLS and verify clients', isRefused: true },
  { flag: 'userns-remap', kind: 'string', value: 'USER', help: 'User namespace of containers', isRefused: true },
  { flag: 'validate', kind: 'bool', flagOnly: true, help: 'Check the configuration and exit' },
  { flag: 'version', short: 'v', kind: 'bool', flagOnly: true, help: 'Print the version and exit' },
] as const satisfies readonly OptionSpec[];

export type OptionName = (typeof OPTIONS)[number]['flag'];

export type OptionValue = boolean | number | string | readonly string[] | Readonly<Record<string, string>>;

/** Values by flag name; absent ones are defaulted by `resolveConfig`. */
export type OptionValues = Partial<Record<OptionName, OptionValue>>;

/** The table as its interface, for code that treats all options alike. */
export const OPTION_SPECS: readonly (OptionSpec & { readonly flag: OptionName })[] = OPTIONS;

export function fileKey(option: OptionSpec): string {
  return option.key ?? option.flag;
}
