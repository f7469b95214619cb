/** The type of an option's value. For `list` and `map` the flag may be repeated. */
export type OptionKind = 'bool' | 'string' | 'int' | 'bytes' | 'list' | 'map';

export interface OptionSpec {
  /** Long flag without dashes. It is dockerd's where dockerd has one. */
  readonly flag: string;
  readonly short?: string;
  readonly kind: OptionKind;
  /**
   * Key in daemon.json where it differs from the flag: lists are plural there. A key with a point is a key of an
   * object.
   */
  readonly key?: string;
  /** Whether it is not a key of daemon.json. */
  readonly flagOnly?: boolean;
  /** Name of the value in the help. */
  readonly value?: string;
  readonly help: string;
  /** Whether the option exists only to be refused with a clear message. The help omits it. */
  readonly isRefused?: boolean;
}

/** Every option of gantryd. The parser, daemon.json and the help use this table. */
export const OPTIONS = [
  { flag: 'add-runtime', kind: 'map', key: 'runtimes', value: 'NAME=PATH', help: 'Register an OCI runtime' },
  {
    flag: 'allow-insecure-tcp',
    kind: 'bool',
    help: 'Allow tcp:// on loopback without TLS (gives root to everyone who can connect)',
  },
  { flag: 'bip', kind: 'string', value: 'CIDR', help: 'Set the address and subnet of the default bridge' },
  { flag: 'bip6', kind: 'string', value: 'CIDR', help: 'Set the IPv6 address and subnet of the default bridge' },
  {
    flag: 'bridge',
    short: 'b',
    kind: 'string',
    value: 'NAME',
    help: 'Attach containers to an existing bridge ("none" disables the default network)',
  },
  { flag: 'bridge-name', kind: 'string', value: 'NAME', help: 'Set the name of the default bridge (default docker0)' },
  {
    flag: 'builder-gc',
    kind: 'bool',
    key: 'builder.gc.enabled',
    help: 'Limit the build cache (default true)',
  },
  {
    flag: 'builder-max-bytes',
    kind: 'bytes',
    key: 'builder.gc.defaultMaxUsedSpace',
    value: 'BYTES',
    help: 'Remove the least recently used records of the build cache above this size (default: a tenth of the disk)',
  },
  {
    flag: 'cdi-spec-dir',
    kind: 'list',
    key: 'cdi-spec-dirs',
    value: 'DIR',
    help: 'Read descriptions of devices from this directory (default /etc/cdi, /var/run/cdi)',
  },
  { flag: 'cgroup-parent', kind: 'string', value: 'PATH', help: 'Set the parent cgroup of all containers' },
  {
    flag: 'config-file',
    kind: 'string',
    flagOnly: true,
    value: 'FILE',
    help: 'Read the configuration from this file (default /etc/gantry/daemon.json)',
  },
  {
    flag: 'data-root',
    kind: 'string',
    value: 'DIR',
    help: 'Set the directory of persistent state (default /var/lib/gantry)',
  },
  { flag: 'debug', short: 'D', kind: 'bool', help: 'Enable debug output' },
  {
    flag: 'default-address-pool',
    kind: 'list',
    key: 'default-address-pools',
    value: 'base=CIDR,size=N',
    help: 'Add a default address pool for networks',
  },
  {
    flag: 'default-cgroupns-mode',
    kind: 'string',
    value: 'MODE',
    help: 'Set the default cgroup namespace of containers (host, private)',
  },
  { flag: 'default-runtime', kind: 'string', value: 'NAME', help: 'Set the default OCI runtime' },
  { flag: 'default-shm-size', kind: 'bytes', value: 'BYTES', help: 'Set the default size of /dev/shm (default 64MiB)' },
  {
    flag: 'default-ulimit',
    kind: 'map',
    key: 'default-ulimits',
    value: 'NAME=SOFT[:HARD]',
    help: 'Set a default ulimit of containers',
  },
  { flag: 'dns', kind: 'list', value: 'ADDRESS', help: 'Set a DNS server of containers' },
  { flag: 'dns-opt', kind: 'list', key: 'dns-opts', value: 'OPTION', help: 'Set a DNS option of containers' },
  { flag: 'dns-search', kind: 'list', value: 'DOMAIN', help: 'Set a DNS search domain of containers' },
  {
    flag: 'exec-root',
    kind: 'string',
    value: 'DIR',
    help: 'Set the directory of runtime state, lost at reboot (default /run/gantry)',
  },
  { flag: 'experimental', kind: 'bool', help: 'Allow what Docker calls experimental (docker build --squash)' },
  {
    flag: 'fixed-cidr',
    kind: 'string',
    value: 'CIDR',
    help: "Allocate addresses on the default bridge from this part of the bridge's subnet",
  },
  {
    flag: 'fixed-cidr-v6',
    kind: 'string',
    value: 'CIDR',
    help: 'Allocate IPv6 addresses on the default bridge from this subnet',
  },
  {
    flag: 'gc-keep-days',
    kind: 'int',
    key: 'gc.keepDays',
    value: 'DAYS',
    help: 'Remove images unused for this many days (default: never)',
  },
  {
    flag: 'gc-max-bytes',
    kind: 'bytes',
    key: 'gc.maxBytes',
    value: 'BYTES',
    help: 'Remove the least recently used images when all images exceed this size (default: no limit)',
  },
  {
    flag: 'group',
    short: 'G',
    kind: 'string',
    value: 'GROUP',
    help: 'Set the group of the unix socket (default docker)',
  },
  { flag: 'help', short: 'h', kind: 'bool', flagOnly: true, help: 'Print usage' },
  {
    flag: 'host',
    short: 'H',
    kind: 'list',
    key: 'hosts',
    value: 'URL',
    help: 'Listen on this address (unix:///path or tcp://address:port)',
  },
  {
    flag: 'http-proxy',
    kind: 'string',
    key: 'proxies.http-proxy',
    value: 'URL',
    help: 'Set the proxy of HTTP requests (default: HTTP_PROXY of the environment)',
  },
  {
    flag: 'https-proxy',
    kind: 'string',
    key: 'proxies.https-proxy',
    value: 'URL',
    help: 'Set the proxy of HTTPS requests (default: HTTPS_PROXY of the environment)',
  },
  { flag: 'icc', kind: 'bool', help: 'Enable connections between containers on the default bridge (default true)' },
  { flag: 'init', kind: 'bool', help: 'Run an init process in every container' },
  { flag: 'init-path', kind: 'string', value: 'FILE', help: 'Set the path of the init binary' },
  {
    flag: 'insecure-registry',
    kind: 'list',
    key: 'insecure-registries',
    value: 'HOST',
    help: 'Allow plain HTTP and unverified certificates for a registry',
  },
  {
    flag: 'ip',
    kind: 'string',
    value: 'ADDRESS',
    help: 'Set the default host address of published ports (default 0.0.0.0)',
  },
  { flag: 'ip-forward', kind: 'bool', help: 'Enable forwarding of packets on the host (default true)' },
  {
    flag: 'ip-masq',
    kind: 'bool',
    help: 'Enable masquerading of packets from the default bridge (default true)',
  },
  { flag: 'ip6tables', kind: 'bool', help: 'Enable changes of the firewall of IPv6 (default true)' },
  { flag: 'iptables', kind: 'bool', help: 'Enable changes of the firewall of IPv4 (default true)' },
  { flag: 'ipv6', kind: 'bool', help: 'Enable IPv6 on the default bridge' },
  { flag: 'label', kind: 'list', key: 'labels', value: 'KEY=VALUE', help: 'Set a label on the engine' },
  {
    flag: 'live-restore',
    kind: 'bool',
    help: 'Keep containers running while the engine is down (always on)',
  },
  {
    flag: 'log-driver',
    kind: 'string',
    value: 'NAME',
    help: 'Set the default logging driver of containers (default json-file)',
  },
  { flag: 'log-format', kind: 'string', value: 'FORMAT', help: 'Set the log format (text, json) (default text)' },
  {
    flag: 'log-level',
    short: 'l',
    kind: 'string',
    value: 'LEVEL',
    help: 'Set the log level (debug, info, warn, error, fatal) (default info)',
  },
  {
    flag: 'log-opt',
    kind: 'map',
    key: 'log-opts',
    value: 'KEY=VALUE',
    help: 'Set a default option of the logging driver',
  },
  {
    flag: 'max-concurrent-build-steps',
    kind: 'int',
    value: 'N',
    help: 'Set the maximum number of steps of builds that run at a time (default: twice the processors, at least 4)',
  },
  {
    flag: 'max-concurrent-downloads',
    kind: 'int',
    value: 'N',
    help: 'Limit concurrent layer downloads of all pulls (default 3)',
  },
  {
    flag: 'max-concurrent-uploads',
    kind: 'int',
    value: 'N',
    help: 'Limit concurrent layer uploads of all pushes (default 5)',
  },
  { flag: 'mtu', kind: 'int', value: 'N', help: 'Set the MTU of the default bridge' },
  {
    flag: 'no-proxy',
    kind: 'string',
    key: 'proxies.no-proxy',
    value: 'HOSTS',
    help: 'Bypass the proxy for these hosts and networks, comma-separated (default: NO_PROXY of the environment)',
  },
  { flag: 'no-new-privileges', kind: 'bool', help: 'Set no-new-privileges on new containers by default' },
  {
    flag: 'pidfile',
    short: 'p',
    kind: 'string',
    value: 'FILE',
    help: 'Write the process ID to this file (default EXEC-ROOT/gantryd.pid)',
  },
  {
    flag: 'plugin-dir',
    kind: 'list',
    key: 'plugin-dirs',
    value: 'DIR',
    help: 'Look for plugins in this directory (default /run/docker/plugins, /etc/docker/plugins, /usr/lib/docker/plugins)',
  },
  {
    flag: 'publish-through-input',
    kind: 'bool',
    help: "Relay published ports, so that they obey the firewall's rules for input (docs/networking.md)",
  },
  {
    flag: 'registry-config',
    kind: 'string',
    value: 'FILE',
    help: "Read the configuration of the engine's registry from this file (docs/registry.md)",
  },
  {
    flag: 'registry-listen',
    kind: 'string',
    value: 'ADDRESS:PORT',
    help: "Serve the engine's images as a registry on this address (default: off)",
  },
  {
    flag: 'registry-mirror',
    kind: 'list',
    key: 'registry-mirrors',
    value: '[HOST=]URL',
    help: 'Pull from this mirror first (of Docker Hub or of the registry HOST)',
  },
  {
    flag: 'shutdown-timeout',
    kind: 'int',
    value: 'SECONDS',
    help: 'Limit the time that requests in progress may take at shutdown (default 15)',
  },
  {
    flag: 'storage-driver',
    short: 's',
    kind: 'string',
    value: 'NAME',
    help: 'Select the storage driver (overlay2, vfs) (default: the first that works)',
  },
  { flag: 'tls', kind: 'bool', help: 'Use TLS for tcp:// (implied by --tlsverify)', isRefused: true },
  {
    flag: 'tlscacert',
    kind: 'string',
    value: 'FILE',
    help: 'Trust only certificates signed by this CA',
    isRefused: true,
  },
  { flag: 'tlscert', kind: 'string', value: 'FILE', help: 'Set the path of the TLS certificate file', isRefused: true },
  { flag: 'tlskey', kind: 'string', value: 'FILE', help: 'Set the path of the TLS key file', isRefused: true },
  { flag: 'tlsverify', kind: 'bool', help: "Use TLS and verify the client's certificate", isRefused: true },
  {
    flag: 'unpack-max-bytes',
    kind: 'bytes',
    key: 'unpack.maxBytes',
    value: 'BYTES',
    help: 'Limit the decompressed size of an image layer (default 1TiB)',
  },
  {
    flag: 'unpack-max-entries',
    kind: 'int',
    key: 'unpack.maxEntries',
    value: 'N',
    help: 'Limit the number of files, directories and links of an image layer (default 10000000)',
  },
  {
    flag: 'userns-remap',
    kind: 'string',
    value: 'USER',
    help: 'Set the user of the user namespaces of containers',
    isRefused: true,
  },
  { flag: 'validate', kind: 'bool', flagOnly: true, help: 'Validate the configuration and exit' },
  { flag: 'version', short: 'v', kind: 'bool', flagOnly: true, help: 'Print the version and exit' },
] as const satisfies readonly OptionSpec[];

export type OptionName = (typeof OPTIONS)[number]['flag'];

export type OptionValue = boolean | number | string | readonly string[] | Readonly<Record<string, string>>;

/** Values by flag name. `resolveConfig` adds the defaults. */
export type OptionValues = Partial<Record<OptionName, OptionValue>>;

/** The table with its interface type, for code that treats all options alike. */
export const OPTION_SPECS: readonly (OptionSpec & { readonly flag: OptionName })[] = OPTIONS;

export function fileKey(option: OptionSpec): string {
  return option.key ?? option.flag;
}
