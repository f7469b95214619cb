import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { linkIndex } from '../linux/index.ts';
import { tablesNaming } from './kernel/bridge-users.ts';
import { networkFixture, sandboxRequest } from './testing/network-fixture.ts';
import { HOST_ADDRESS, OUTSIDE_ADDRESS, privateHost } from './testing/private-host.ts';
import { askFrom, askTcp, serveIn } from './testing/sandbox-traffic.ts';

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const publish = { portBindings: { '80/tcp': [{ HostPort: '18080' }] } };
const ip = (command: string): string => execFileSync('ip', command.split(' '), { encoding: 'utf8' });
const hasBridge = (name = 'gtest0'): boolean => linkIndex(name) !== undefined;

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (await condition()) return;
    await setTimeout(20);
  }
  assert.fail(what);
}

const HARM = {
  'removes the bridge': 'link delete gtest0',
  'sets the bridge down': 'link set gtest0 down',
  'takes its address away': 'addr flush dev gtest0',
} as const;

for (const [harm, command] of Object.entries(HARM)) {
  test(`somebody ${harm}: it is put right with the ports of its containers, and told`, async () => {
    await using fixture = await networkFixture();
    const web = await fixture.networks.attach(sandboxRequest('web', publish), signal);
    const other = await fixture.networks.attach(sandboxRequest('other'), signal);
    await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
    // Both containers remember the hardware address of their gateway.
    assert.match(await askFrom(other.netnsPath, HOST_ADDRESS, 18080), /^web .* hello$/);
    ip(command);
    await until(() => ip('-o addr show').includes('10.219.0.1/24'), 'the bridge has its address again');
    await until(() => ip('-o link show master gtest0').trim().split('\n').length === 2, 'both links are ports again');
    await until(async () => /^web/.test(await askTcp('127.0.0.1', 18080)), 'the host reaches the published port');
    assert.match(await askFrom(other.netnsPath, HOST_ADDRESS, 18080), /^web .* hello$/, 'a container does');
    assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
    assert.match(await askFrom(web.netnsPath, HOST_ADDRESS, 18080), /^web .* hello$/, 'the container itself does');
    assert.match(fixture.logged.join('\n'), /bridge gtest0 (was|lost) .*: repaired/);
    // A later start finds everything in place.
    const next = await fixture.networks.attach(sandboxRequest('next'), signal);
    assert.match(await askFrom(next.netnsPath, HOST_ADDRESS, 18080), /^web .* hello$/);
  });
}

test('a bridge that was removed while no daemon ran is put back with its ports by the next', async () => {
  await using fixture = await networkFixture();
  const web = await fixture.networks.attach(sandboxRequest('web', publish), signal);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  await fixture.networks.close();
  ip('link delete gtest0');
  const networks = await fixture.restart();
  await networks.restore([{ ...web, containerId: 'web' }]);
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
});

test('a bridge of the user that somebody removed is told, and not made', async () => {
  ip('link add user1 type bridge');
  ip('addr add 10.78.0.1/24 dev user1');
  ip('link set user1 up');
  await using fixture = await networkFixture({ bridge: 'user1' });
  await fixture.networks.attach(sandboxRequest('web'), signal);
  ip('link delete user1');
  await until(() => fixture.networks.warnings().length > 0, 'a warning');
  assert.match(fixture.networks.warnings()[0] ?? '', /^bridge user1 was removed: .* must be created manually$/);
  assert.equal(hasBridge('user1'), false);
});

/**
 * The rules of dockerd 28.5 that name its default bridge (here the engine's), in nat and filter, after it took over an
 * existing bridge. Chains that call these are omitted. iptables-nft writes them.
 */
const DOCKERD_RULES = {
  nat: `table ip nat {
    chain DOCKER { iifname "gtest0" counter return; }
    chain POSTROUTING {
      type nat hook postrouting priority srcnat; policy accept;
      ip saddr 10.219.0.0/24 oifname != "gtest0" counter masquerade
    }
  }`,
  filter: `table ip filter {
    chain DOCKER { iifname != "gtest0" oifname "gtest0" counter drop; }
    chain DOCKER-FORWARD { iifname "gtest0" counter accept; }
    chain DOCKER-BRIDGE { oifname "gtest0" counter jump DOCKER; }
    chain DOCKER-CT { oifname "gtest0" ct state established,related counter accept; }
    chain DOCKER-ISOLATION-STAGE-1 { iifname "gtest0" oifname != "gtest0" counter return; }
  }`,
} as const;

interface User {
  readonly begin: () => void;
  readonly end: () => void;
}

const USERS: Readonly<Record<string, User>> = {
  "dockerd's table ip nat": rules(DOCKERD_RULES.nat, 'ip nat'),
  "dockerd's table ip filter": rules(DOCKERD_RULES.filter, 'ip filter'),
  'a rule of another family': rules('table inet own { chain c { iifname "gtest0" accept; }; }', 'inet own'),
  'a set of links': rules('table ip own { set s { type ifname; elements = { "gtest0" }; }; }', 'ip own'),
  'a pattern of names': rules('table bridge own { chain c { iifname "gtest*" accept; }; }', 'bridge own'),
  'a hook of the link': rules(
    'table netdev own { chain c { type filter hook ingress device gtest0 priority 0; }; }',
    'netdev own',
  ),
  'a link on it': {
    begin: () => void ip('link add link gtest0 name onit0 type macvlan'),
    end: () => void ip('link delete onit0'),
  },
  'a dockerd without firewall rules, by its store of networks': dockerdWithStore(),
  'a port of others': {
    begin: () => void ip('link add port0 master gtest0 type veth peer name port1'),
    end: () => void ip('link delete port0'),
  },
};

/** A process with the name of dockerd that holds such a store open. */
function dockerdWithStore(): User {
  let folder = '';
  let child: ChildProcess | undefined;
  return {
    begin() {
      folder = mkdtempSync(join(tmpdir(), 'dockerd-'));
      const store = join(folder, 'network/files/local-kv.db');
      mkdirSync(dirname(store), { recursive: true });
      writeFileSync(store, `${'x'.repeat(70_000)}{"BridgeName":"gtest0"}`);
      copyFileSync('/bin/sleep', join(folder, 'dockerd'));
      const fd = openSync(store, 'r');
      child = spawn(join(folder, 'dockerd'), ['1000'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
      closeSync(fd);
    },
    end() {
      child?.kill('SIGKILL');
      while (existsSync(`/proc/${child?.pid}/fd/3`));
      rmSync(folder, { recursive: true });
    },
  };
}

function rules(text: string, table: string): User {
  return {
    begin: () => void execFileSync('nft', ['-f', '-'], { input: `${text}\n` }),
    end: () => void execFileSync('nft', ['delete', 'table', ...table.split(' ')]),
  };
}

for (const [who, { begin, end }] of Object.entries(USERS)) {
  test(`a bridge that ${who} uses is left by the engine that made it, and removed by its last end`, async () => {
    const fixture = await networkFixture();
    try {
      begin();
      await fixture.networks.tearDown();
      assert.ok(hasBridge(), 'the bridge stays');
      const localnet = readFileSync('/proc/sys/net/ipv4/conf/gtest0/route_localnet', 'utf8').trim();
      assert.equal(localnet, '0', 'what was for published ports alone is undone');
    } finally {
      end();
      await fixture.restart();
      await fixture[Symbol.asyncDispose]();
    }
    assert.equal(hasBridge(), false);
  });
}

test('an address that others gave the bridge stays while they use it', async () => {
  await using fixture = await networkFixture();
  execFileSync('nft', ['-f', '-'], { input: `${DOCKERD_RULES.nat}\n` });
  try {
    // A dockerd with another --bip does this when it takes over the bridge.
    ip('addr flush dev gtest0');
    ip('addr add 172.30.0.1/16 dev gtest0');
    await until(() => ip('-o addr show').includes('10.219.0.1/24'), 'the address is put back');
    const networks = await fixture.restart();
    assert.equal(networks.inspect('bridge').IPAM.Config?.[0]?.Gateway, '10.219.0.1');
    assert.match(ip('-o addr show dev gtest0'), /172\.30\.0\.1\/16.*10\.219\.0\.1\/24/s);
  } finally {
    execFileSync('nft', ['delete', 'table', 'ip', 'nat']);
  }
  await fixture.restart();
  assert.doesNotMatch(ip('-o addr show dev gtest0'), /172\.30/);
});

test('ports are published past a dockerd that took the bridge up and drops what it did not publish', async () => {
  await using fixture = await networkFixture();
  execFileSync('nft', ['-f', '-'], { input: SHARED });
  try {
    await fixture.restart();
    const web = await fixture.networks.attach(sandboxRequest('web', publish), signal);
    await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
    await fixture.networks.restore([{ ...web, containerId: 'web' }]);
    assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
    assert.equal(await askFrom(outside.netnsPath, '10.219.0.2', 80), 'timeout', 'what is not published stays closed');
  } finally {
    execFileSync('nft', ['delete', 'table', 'ip', 'filter']);
  }
});

const SHARED = `table ip filter {
  chain DOCKER-USER { counter return; }
  chain DOCKER { iifname != "gtest0" oifname "gtest0" counter drop; }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    counter jump DOCKER-USER
    oifname "gtest0" counter jump DOCKER
  }
}
`;

test('a table names a link by itself or by a pattern, not in comments or for another link', () => {
  const named = (rule: string): readonly string[] =>
    tablesNaming(`table inet one {\n\tchain c {\n\t\t${rule}\n`, 'docker0');
  assert.deepEqual(named('oifname != "docker0" drop'), ['table inet one']);
  assert.deepEqual(named('iifname "dock*" drop'), ['table inet one']);
  assert.deepEqual(named('iifname { "eth0", "docker0" } drop'), ['table inet one']);
  assert.deepEqual(named('iifname "docker01" drop comment "docker0"'), []);
  assert.deepEqual(named('iifname "docker01*" drop'), []);
});
