import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Config, resolveConfig } from './config.ts';
import { DOCKER_KEYS } from './docker-keys.ts';
import { fileKey, OPTION_SPECS } from './options.ts';
import { mergeOptions, parseConfigFile, parseConfigText } from './parse-file.ts';
import { parseFlags } from './parse-flags.ts';
import { usage } from './usage.ts';

/** Keys of dockerd's daemon.json, made by tools/contract-facts.mjs. */
const KEYS = new URL('../../../test/contract/daemon-keys.json', import.meta.url);

const config = (...args: string[]): Config => resolveConfig(parseFlags(args));

test('flags take their value after a space or an equals sign, short ones too, and lists repeat', () => {
  const { hosts, hostsDefaulted, dataRoot, logLevel, labels } = config(
    '-H',
    'unix:///run/a.sock',
    '--host=tcp://127.0.0.1:2375',
    '--allow-insecure-tcp',
    '--data-root',
    '/srv/engine/',
    '-D',
    '--label=a=b',
    '--label',
    'c=d',
  );
  assert.deepEqual(hosts, [
    { kind: 'unix', path: '/run/a.sock' },
    { kind: 'tcp', host: '127.0.0.1', port: 2375 },
  ]);
  assert.equal(hostsDefaulted, false);
  assert.equal(dataRoot, '/srv/engine');
  assert.equal(logLevel, 'debug');
  assert.deepEqual(labels, ['a=b', 'c=d']);
});

test('defaults: Docker’s socket, state of its own, and a pid file below the exec root', () => {
  const none = config();
  assert.deepEqual(none.hosts, [{ kind: 'unix', path: '/var/run/docker.sock' }]);
  assert.equal(none.hostsDefaulted, true);
  assert.equal(none.dataRoot, '/var/lib/gantry');
  assert.equal(none.network.bridgeName, 'docker0');
  assert.equal(none.shmSizeBytes, 64 << 20);
  assert.equal(config('--exec-root', '/run/second').pidfile, '/run/second/gantryd.pid');
});

for (const [args, expected] of [
  [['--nope'], 'unknown flag: --nope'],
  [['-Z'], "unknown shorthand flag: 'Z' in -Z"],
  [['serve'], '"gantryd" accepts no arguments: serve'],
  [['--host'], 'flag needs an argument: --host'],
  [['--debug=maybe'], 'invalid argument "maybe" for "--debug" flag: not a boolean'],
  [['--log-opt', 'max-size'], 'invalid argument "max-size" for "--log-opt" flag: must be KEY=VALUE'],
  [['--mtu', '1.5k'], 'invalid argument "1.5k" for "--mtu" flag: not an integer'],
  [['--log-level', 'loud'], 'invalid log-level: loud (one of debug, info, warn, error, fatal)'],
  [['--storage-driver', 'zfs'], 'driver not supported: zfs'],
  [['--log-driver', 'x'], "logger: no log driver named 'x' is registered"],
  [['--bip', '172.17.0.1'], 'invalid bip "172.17.0.1": must be ADDRESS/LENGTH'],
  [['--default-ulimit', 'nope=1'], 'invalid ulimit type: nope'],
  [['--default-ulimit', 'nofile=5:2'], 'ulimit soft limit must be less than or equal to hard limit: 5 > 2'],
  [['--dns', 'one.one'], 'one.one is not an ip address'],
  [['--host', 'http://x'], 'invalid bind address (http://x): must be unix:///path or tcp://address:port'],
  [['--host', 'fd://'], 'fd:// is not supported: name a socket with --host unix:///path'],
  [
    ['--host', 'tcp://127.0.0.1:2375'],
    'refusing to listen on tcp://127.0.0.1:2375 without TLS: every local user could become root (allow it with --allow-insecure-tcp)',
  ],
  [
    ['--host', 'tcp://0.0.0.0:2375', '--allow-insecure-tcp'],
    'refusing to listen on tcp://0.0.0.0:2375: beyond loopback the API needs TLS, which this version does not have',
  ],
  [['--tlscert', '/x'], '--tlscert is not available in this version'],
  [['--tlsverify'], '--tls is not available in this version'],
  [['--userns-remap', 'default'], '--userns-remap is not available in this version'],
  [
    ['-b', 'br0', '--bip', '10.0.0.1/8'],
    'you specified -b & --bip, mutually exclusive options, please specify only one',
  ],
  [['--label', 'x'], 'bad attribute format: x'],
] as const) {
  test(`refused: ${args.join(' ')}`, () => {
    assert.throws(() => config(...args), { message: expected });
  });
}

test('daemon.json has the same options under dockerd’s keys', () => {
  const file = parseConfigText(
    '/d.json',
    JSON.stringify({
      hosts: ['unix:///x'],
      debug: true,
      labels: ['a=b'],
      'log-opts': { 'max-size': '5m' },
      'default-address-pools': [{ base: '10.0.0.0/8', size: 24 }],
      runtimes: { other: { path: 'true', runtimeArgs: ['--debug'] } },
      'default-ulimits': { nofile: { Name: 'nofile', Soft: 1, Hard: 2 } },
      'default-shm-size': '128M',
      mtu: 1400,
      bip: null,
      gc: { maxBytes: '10g', keepDays: 30 },
      unpack: { maxBytes: '64g', maxEntries: 2_000_000 },
    }),
  );
  const resolved = resolveConfig(file);
  assert.deepEqual(resolved.hosts, [{ kind: 'unix', path: '/x' }]);
  assert.deepEqual(resolved.log.options, { 'max-size': '5m' });
  assert.deepEqual(resolved.network.addressPools, [{ base: '10.0.0.0/8', size: 24 }]);
  assert.deepEqual(resolved.runtimes, { other: { path: 'true', args: ['--debug'] } });
  assert.deepEqual(resolved.ulimits, [{ Name: 'nofile', Soft: 1, Hard: 2 }]);
  assert.equal(resolved.shmSizeBytes, 128 << 20);
  assert.equal(resolved.network.mtu, 1400);
  assert.deepEqual(resolved.gc, { maxBytes: 10 * 2 ** 30, keepDays: 30 });
  assert.deepEqual(resolved.unpack, { maxBytes: 64 * 2 ** 30, maxEntries: 2_000_000 });
  assert.deepEqual(config().unpack, { maxBytes: 2 ** 40, maxEntries: 10_000_000 });
  assert.throws(() => config('--unpack-max-entries', '0'), { message: /invalid unpack-max-entries: 0/ });
  assert.deepEqual(config().gc, { maxBytes: undefined, keepDays: undefined });
  assert.throws(() => parseConfigText('/d.json', '{"gc":{"size":1}}'), { message: /configuration option: gc\.size$/ });
  assert.throws(() => parseConfigText('/d.json', '{"gc":5}'), { message: /configuration option: gc$/ });
});

test('daemon.json: unknown keys, wrong types and broken JSON are refused with the file’s name', () => {
  const refused = (text: string, message: RegExp): void =>
    assert.throws(() => parseConfigText('/d.json', text), { kind: 'invalid', message });
  refused(
    '{"nope":1,"other":2}',
    /file \/d\.json: the following directives don't match any configuration option: nope, other$/,
  );
  refused('{"debug":"yes"}', /debug: must be true or false$/);
  refused('{"hosts":"unix:///x"}', /hosts: must be a list$/);
  refused('{"log-opts":{"a":1}}', /log-opts: must be an object of strings$/);
  refused('{"debug":', /unable to configure the engine with file \/d\.json: /);
  refused('[]', /must hold one JSON object$/);
});

test('an option given twice, by flag and in the file, is refused', () => {
  const flags = parseFlags(['--debug', '--label', 'a=b']);
  const file = parseConfigText('/d.json', '{"debug":false,"labels":["c=d"],"mtu":1400}');
  assert.throws(() => mergeOptions('/d.json', flags, file), {
    message:
      'unable to configure the engine with file /d.json: the following directives are specified both as a flag and in the configuration file: debug: (from flag: true, from file: false), labels: (from flag: [a=b], from file: [c=d])',
  });
});

test('a configuration file may be missing only when nobody named it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-config-'));
  const path = join(folder, 'daemon.json');
  try {
    assert.deepEqual(parseConfigFile(path, { mustExist: false }), {});
    assert.throws(() => parseConfigFile(path, { mustExist: true }), /no such file or directory$/);
    writeFileSync(path, '{"debug":true}');
    assert.deepEqual(parseConfigFile(path, { mustExist: true }), { debug: true });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the help names every option that is honoured and shows examples', () => {
  const text = usage();
  for (const option of OPTION_SPECS) {
    assert.equal(new RegExp(`--${option.flag}\\b`).test(text), option.isRefused !== true, option.flag);
  }
  assert.match(text, /Examples:\n {2}gantryd\n/);
});

/** As people have it: the log settings, a mirror, the cgroup driver that kubeadm asks for, the builder's limits. */
const REAL_FILE = {
  'exec-opts': ['native.cgroupdriver=systemd'],
  'log-driver': 'json-file',
  'log-opts': { 'max-size': '100m', 'max-file': '3' },
  'storage-driver': 'overlay2',
  'registry-mirrors': ['https://mirror.example'],
  'default-address-pools': [{ base: '10.10.0.0/16', size: 24 }],
  features: { buildkit: true },
  builder: { gc: { enabled: true, defaultKeepStorage: '20GB' } },
  experimental: false,
  'userland-proxy': false,
  'live-restore': true,
  iptables: true,
  ipv6: false,
  'http-proxy': 'http://proxy.example:3128',
};

test('a daemon.json of Docker starts: each key without effect is warned of, once, with what is so instead', () => {
  const warnings: string[] = [];
  const values = parseConfigText('/f', JSON.stringify(REAL_FILE), (text) => warnings.push(text));
  assert.equal(resolveConfig(values).log.options['max-size'], '100m');
  assert.equal(resolveConfig(values).proxies.http, 'http://proxy.example:3128');
  const keys = warnings.map((text) => /^\/f: (\S+) has no effect: \S/.exec(text)?.[1]);
  assert.deepEqual(keys, ['exec-opts', 'features', 'builder', 'experimental', 'userland-proxy', 'ipv6']);
});

test('a key of Docker’s that asks for protection which is missing here is refused', () => {
  const refused: readonly object[] = [
    { icc: false },
    { iptables: false },
    { 'ip-masq': false },
    { 'selinux-enabled': true },
    { rootless: true },
    { 'seccomp-profile': '/etc/profile.json' },
    { 'authorization-plugins': ['opa'] },
    { 'fixed-cidr': '10.0.0.0/25' },
  ];
  for (const file of refused) {
    assert.throws(() => parseConfigText('/f', JSON.stringify(file)), /^EngineError: unable .* is not supported: /);
  }
  parseConfigText(
    '/f',
    JSON.stringify({ icc: true, 'authorization-plugins': [], 'selinux-enabled': false, rootless: null }),
  );
});

test('every key of dockerd is used or known to have no effect', () => {
  const known = new Set([...OPTION_SPECS.map(fileKey), ...DOCKER_KEYS.keys(), 'proxies']);
  const { keys } = JSON.parse(readFileSync(KEYS, 'utf8')) as { readonly keys: readonly string[] };
  assert.ok(keys.length > 80);
  for (const key of keys) assert.ok(known.has(key) || known.has(`proxies.${key}`), key);
});

test('docs/configuration.md has a row for every option and for every key without effect', () => {
  const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  for (const option of OPTION_SPECS) {
    if (option.isRefused === true) assert.ok(text.includes(`\`${fileKey(option)}\``), option.flag);
    else assert.ok(text.includes(`| ${option.help} |`) && text.includes(`| \`--${option.flag}\``), option.flag);
    if (option.flagOnly !== true) assert.ok(text.includes(`\`${fileKey(option)}\``), option.flag);
  }
  for (const { key, instead } of DOCKER_KEYS.values()) assert.ok(text.includes(`| \`${key}\` | ${instead}`), key);
});
