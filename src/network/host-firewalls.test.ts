import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { removeTree } from '../linux/index.ts';
import type { Networks, Sandbox } from './networks.ts';
import { type NetworkFixture, networkFixture, sandboxRequest } from './testing/network-fixture.ts';
import { HOST_ADDRESS, OUTSIDE_ADDRESS, privateHost } from './testing/private-host.ts';
import { askFrom, askTcp, askUdpFrom, serveIn } from './testing/sandbox-traffic.ts';

/**
 * Beside ufw, firewalld and iptables-nft, which run in the network namespace of this test with settings of their own.
 * Queries for other names leave a container by UDP, as tested here with any port.
 */

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const publish = { portBindings: { '80/tcp': [{ HostPort: '18080' }] } };
const hasProgram = (name: string): boolean => spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined;
const missing = (...names: readonly string[]): string | false => {
  const absent = names.filter((name) => !hasProgram(name));
  return absent.length === 0 ? false : `${absent.join(' and ')} not installed`;
};

/** Retries for 20 s: a machine under load needs time, and a repair follows a change within seconds. */
async function becomes(ask: () => Promise<string>, wanted: RegExp, when: string): Promise<void> {
  const end = performance.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (wanted.test(answer)) return;
    if (performance.now() > end) assert.match(answer, wanted, when);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Traffic in every direction: to a published port, to other machines by TCP and UDP, and between containers. */
async function flows(web: Sandbox, near: Sandbox, when: string): Promise<void> {
  await becomes(
    () => askFrom(outside.netnsPath, HOST_ADDRESS, 18080),
    /^web 192\.0\.2\.9 hello$/,
    `published, ${when}`,
  );
  await becomes(() => askFrom(web.netnsPath, OUTSIDE_ADDRESS, 80), /^far 192\.0\.2\.1 hello$/, `egress, ${when}`);
  await becomes(() => askUdpFrom(web.netnsPath, OUTSIDE_ADDRESS, 53), /^far /, `egress by UDP, ${when}`);
  const { IPAddress = '' } = web.endpoints['bridge'] ?? {};
  await becomes(() => askFrom(near.netnsPath, IPAddress, 80), /^web /, `between containers, ${when}`);
  assert.equal(await askFrom(outside.netnsPath, IPAddress, 80), 'timeout', `what is not published, ${when}`);
}

async function containers(networks: Networks) {
  const web = await networks.attach(sandboxRequest('web', publish), signal);
  const near = await networks.attach(sandboxRequest('near'), signal);
  const servers = new AsyncDisposableStack();
  servers.use(await serveIn(web.netnsPath, 'web', ['tcp:80']));
  servers.use(await serveIn(outside.netnsPath, 'far', ['tcp:80', 'udp:53']));
  return { web, near, servers };
}

/** Starts the daemon again, with or without `publish-through-input`. */
async function throughInput(fixture: NetworkFixture, web: Sandbox, near: Sandbox, isOn = true): Promise<void> {
  Object.assign(fixture.config, { publishThroughInput: isOn });
  const networks = await fixture.restart();
  await networks.restore([
    { ...web, containerId: 'web' },
    { ...near, containerId: 'near' },
  ]);
}

test('beside ufw, through its reload and a flush by iptables-nft', {
  skip: missing('ufw', 'iptables-nft'),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ufw-'));
  cpSync('/etc/ufw', join(folder, 'ufw'), { recursive: true });
  copyFileSync('/etc/default/ufw', join(folder, 'default'));
  const ufw = (...args: readonly string[]): string => {
    const script = `mount --bind ${folder}/ufw /etc/ufw && mount --bind ${folder}/default /etc/default/ufw && exec ufw "$@"`;
    return execFileSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...args], { encoding: 'utf8' });
  };
  try {
    ufw('--force', 'enable');
    assert.match(
      ufw('status', 'verbose'),
      /Default: deny \(incoming\), allow \(outgoing\), (deny|disabled) \(routed\)/,
    );
    await using fixture = await networkFixture();
    assert.deepEqual(fixture.networks.warnings(), []);
    const { web, near, servers } = await containers(fixture.networks);
    await using _servers = servers;
    await flows(web, near, 'beside ufw');
    await becomes(() => askTcp('127.0.0.1', 18080), /^web /, 'from the host');
    ufw('reload');
    await flows(web, near, 'after ufw reload');
    await throughInput(fixture, web, near);
    const published = () => askFrom(outside.netnsPath, HOST_ADDRESS, 18080);
    assert.equal(await published(), 'timeout', 'ufw denies what comes in');
    ufw('allow', '18080/tcp');
    await becomes(published, /^web 10\.219\.0\.1 hello$/, 'ufw allows the port');
    ufw('deny', '18080/tcp');
    assert.equal(await published(), 'timeout', 'ufw denies the port');
    await throughInput(fixture, web, near, false);
    // ufw's policy for input stays, without its rules: the host itself gets no answers.
    execFileSync('iptables-nft', ['-F']);
    await flows(web, near, 'after iptables-nft -F');
    await fixture.networks.detach('web');
    await fixture.networks.detach('near');
  } finally {
    ufw('disable');
    execFileSync('nft', ['flush', 'ruleset']);
    removeTree(folder);
  }
});

const skipFirewalld = missing('firewalld', 'firewall-cmd', 'dbus-daemon');

test('beside firewalld, which starts later and is reloaded', { skip: skipFirewalld }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'firewalld-'));
  mkdirSync(join(folder, 'settings'));
  writeFileSync(
    join(folder, 'bus.conf'),
    `<busconfig><type>system</type><listen>unix:path=${folder}/bus</listen><auth>EXTERNAL</auth>
     <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>`,
  );
  process.env['DBUS_SYSTEM_BUS_ADDRESS'] = `unix:path=${folder}/bus`;
  const cmd = (...args: readonly string[]): string => execFileSync('firewall-cmd', args, { encoding: 'utf8' });
  const bus = spawn('dbus-daemon', [`--config-file=${folder}/bus.conf`, '--nofork', '--print-address'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const daemons = [bus];
  try {
    await once(bus.stdout, 'data');
    {
      await using fixture = await networkFixture();
      const { web, near, servers } = await containers(fixture.networks);
      await using _servers = servers;
      const args = ['--nofork', '--nopid', '--system-config', join(folder, 'settings')];
      daemons.push(spawn('firewalld', args, { stdio: ['ignore', 'pipe', 'inherit'] }));
      await becomes(
        async () => spawnSync('firewall-cmd', ['--state'], { encoding: 'utf8' }).stdout,
        /^running/,
        'firewalld',
      );
      await flows(web, near, 'beside firewalld');
      assert.match(cmd('--zone=trusted', '--list-interfaces'), /gtest0/);
      assert.deepEqual(fixture.networks.warnings(), []);
      cmd('--reload');
      await flows(web, near, 'after a reload');
      execFileSync('iptables-nft', ['-F']);
      await flows(web, near, 'after iptables-nft -F');
      await throughInput(fixture, web, near);
      const published = () => askFrom(outside.netnsPath, HOST_ADDRESS, 18080);
      assert.match(
        await published(),
        /EHOSTUNREACH|ECONNREFUSED|timeout/,
        'the zone of the interface refuses the port',
      );
      cmd('--add-port=18080/tcp');
      await becomes(published, /^web 10\.219\.0\.1 hello$/, 'the zone accepts the port');
      await fixture.networks.detach('web');
      await fixture.networks.detach('near');
    }
    assert.doesNotMatch(cmd('--zone=trusted', '--list-interfaces'), /gtest0/);
  } finally {
    for (const daemon of daemons.toReversed()) {
      daemon.kill();
      if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
    }
    delete process.env['DBUS_SYSTEM_BUS_ADDRESS'];
    execFileSync('nft', ['flush', 'ruleset']);
    removeTree(folder);
  }
});
