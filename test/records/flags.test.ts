import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readLines } from './command-record.ts';

/** Every flag, option and endpoint of networks and volumes has a line in the records, which are compared with dockerd. */

const LINES = ['network-and-volume', 'network-and-volume-flags']
  .flatMap((name) => readLines(new URL(`./${name}.lines.txt`, import.meta.url)))
  .map((line) => line.replace(/^(network|volume) list\b/, '$1 ls').replace(/^(network|volume) remove\b/, '$1 rm'));

const contract = <T>(name: string): Readonly<Record<string, T>> =>
  JSON.parse(readFileSync(new URL(`../contract/${name}.json`, import.meta.url), 'utf8'));

/** The flags of `run`, which are those of `create`, that concern networks and volumes. */
const RUN_FLAGS = new Set(
  ['add-host', 'dns', 'dns-option', 'dns-search', 'domainname', 'expose', 'hostname', 'ip', 'ip6', 'link']
    .concat(['link-local-ip', 'mac-address', 'mount', 'network', 'network-alias', 'publish', 'publish-all'])
    .concat(['read-only', 'sysctl', 'tmpfs', 'volume', 'volume-driver', 'volumes-from']),
);

/** Options within the values of flags, by the flag's command and a text that a line with the option has. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  'network create': [
    ...['name', 'enable_icc', 'enable_ip_masquerade', 'host_binding_ipv4', 'inhibit_ipv4', 'gateway_mode_ipv4']
      .concat(['gateway_mode_ipv6', 'trusted_host_interfaces'])
      .map((option) => `com.docker.network.bridge.${option}=`),
    ...['com.docker.network.driver.mtu=', 'com.docker.network.container_iface_prefix='],
    ...['parent=', 'macvlan_mode=', 'ipvlan_mode=', 'ipvlan_flag='],
    ...['-d host', '-d null', '-d macvlan', '-d ipvlan', '-d overlay'],
  ],
  'network ls': ['driver=', 'id=', 'label=', 'name=', 'scope=', 'type=', 'dangling='],
  'network prune': ['label=', 'until='],
  'volume create': ['type=', 'device=', 'o='],
  'volume ls': ['dangling=', 'driver=', 'label=', 'name='],
  'volume prune': ['label='],
  run: [
    ...['name=', ',alias=', ',ip=', ',ip6=', ',mac-address=', ',link-local-ip=', ',gw-priority=', ',driver-opt='],
    ...['com.docker.network.endpoint.ifname=', 'com.docker.network.endpoint.sysctls='],
    ...['type=bind', 'type=volume', 'type=tmpfs', 'type=image'],
    ...['src=', 'source=', 'dst=', 'destination=', 'target=', ',readonly', ',ro', ',consistency='],
    ...['bind-propagation=', 'bind-recursive=', 'bind-nonrecursive='],
    ...['volume-label=', 'volume-nocopy', 'volume-opt=', 'volume-driver=', 'volume-subpath='],
    ...['tmpfs-size=', 'tmpfs-mode=', 'image-subpath='],
    ...['--network host', '--network none', '--network container:', '--network nosuch'],
    ...['-v rec-v:/data:ro', '--volumes-from rec-2:ro', '/udp', '-p 127.0.0.1:'],
  ],
};

/** The command that asks each endpoint. */
const ENDPOINTS: Readonly<Record<string, string>> = {
  'GET /networks': 'network ls',
  'GET /networks/{id}': 'network inspect',
  'POST /networks/create': 'network create',
  'POST /networks/{id}/connect': 'network connect',
  'POST /networks/{id}/disconnect': 'network disconnect',
  'POST /networks/prune': 'network prune',
  'DELETE /networks/{id}': 'network rm',
  'GET /volumes': 'volume ls',
  'GET /volumes/{name}': 'volume inspect',
  'POST /volumes/create': 'volume create',
  'POST /volumes/prune': 'volume prune',
  'PUT /volumes/{name}': 'volume update',
  'DELETE /volumes/{name}': 'volume rm',
};

/** Whether a line of the command has one of the texts. A flag may be last, or have its value behind `=`. */
function isShown(command: string, isIn: (line: string) => boolean): boolean {
  return LINES.some((line) => line.startsWith(`${command} `) && isIn(line));
}

test('each flag of the network and volume commands, and of run for them, has a line in the records', () => {
  const missing: string[] = [];
  for (const [path, { flags }] of Object.entries(contract<{ readonly flags: readonly string[] }>('cli-commands'))) {
    const isRun = path === 'container run';
    if (!isRun && !/^(?:network|volume)(?: |$)/.test(path)) continue;
    for (const flag of flags.map((each) => each.replace(/ .*/, ''))) {
      const names = flag.split('/');
      if (isRun && !RUN_FLAGS.has((names.at(-1) ?? '').slice(2))) continue;
      const command = isRun ? 'run' : path;
      if (!isShown(command, (line) => names.some((name) => new RegExp(` ${name}(?:[ =]|$)`).test(line)))) {
        missing.push(`${command} ${flag}`);
      }
    }
  }
  assert.deepEqual(missing, []);
});

/** Flags of commands on containers that `run` of Linux clients has, and records of one machine cannot have. */
const UNRECORDED: ReadonlySet<string> = new Set([
  // What they do depends on the kernel: cgroups.test.ts has them.
  'run --cpu-rt-runtime',
  'update --cpu-rt-runtime',
  // Newer than the client of the records.
  'commit --no-pause',
]);

test('each flag of the commands on containers has a line in the records', () => {
  const lines = readLines(new URL('./containers.lines.txt', import.meta.url));
  const missing: string[] = [];
  for (const [path, { flags }] of Object.entries(contract<{ readonly flags: readonly string[] }>('cli-commands'))) {
    const command = /^container (\w+)$/
      .exec(path)?.[1]
      ?.replace(/^create$/, 'run')
      .replace(/^ls$/, 'ps');
    if (command === undefined) continue;
    const own = lines.filter((line) => line.startsWith(`${command} `) || line.startsWith(`container ${command} `));
    const all = command === 'run' ? [...own, ...LINES.filter((line) => line.startsWith('run '))] : own;
    for (const flag of flags.map((each) => each.replace(/ .*/, ''))) {
      const isShownBy = (line: string): boolean => flag.split('/').some((name) => hasFlag(line, name));
      if (!all.some(isShownBy) && flag !== '--help' && !UNRECORDED.has(`${command} ${flag}`))
        missing.push(`${command} ${flag}`);
    }
  }
  assert.deepEqual(missing, []);
});

/** A short flag may stand within others: `-it`. */
function hasFlag(line: string, name: string): boolean {
  const short = /^-([a-zA-Z])$/.exec(name)?.[1];
  return new RegExp(short === undefined ? ` ${name}(?:[ =]|$)` : ` -[a-zA-Z]*${short}[a-zA-Z]*(?:[ =]|$)`).test(line);
}

test('each option of networks, endpoints, mounts and filters has a line in the records', () => {
  const missing = Object.entries(OPTIONS).flatMap(([command, options]) =>
    options
      .filter((option) => !isShown(command, (line) => line.includes(option)))
      .map((option) => `${command}: ${option}`),
  );
  assert.deepEqual(missing, []);
});

test('each endpoint of networks and volumes has a command, and each command a line in the records', () => {
  const all = Object.keys(contract('engine-api')).filter((endpoint) => / \/(?:networks|volumes)\b/.test(endpoint));
  assert.deepEqual(Object.keys(ENDPOINTS).sort(), all.sort());
  const missing = Object.values(ENDPOINTS).filter((command) => !isShown(command, () => true));
  assert.deepEqual(missing, []);
});
