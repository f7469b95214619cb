import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import { HOST_ADDRESS, OUTSIDE_ADDRESS, privateHost } from './testing/private-host.ts';
import { askFrom, serveIn } from './testing/sandbox-traffic.ts';

/** Sandboxes that belong to a user namespace, as those of containers with users of their own will. */

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;

interface UserNamespace extends AsyncDisposable {
  readonly path: string;
}

/** Holds a user namespace in which uids from 100,000 on are root and the others. */
async function userNamespace(): Promise<UserNamespace> {
  const holder = spawn('unshare', ['--user', 'sh', '-c', 'echo ready; read -r line'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  for (const map of ['uid_map', 'gid_map']) {
    execFileSync('sh', ['-c', `echo 0 100000 65536 > /proc/${holder.pid}/${map}`]);
  }
  return {
    path: `/proc/${holder.pid}/ns/user`,
    async [Symbol.asyncDispose]() {
      holder.stdin.end('\n');
      await once(holder, 'exit');
    },
  };
}

/** The words of `ip` for root of the user namespace, in the sandbox. */
function asRoot(path: string, netnsPath: string, command: string): string {
  const args = [`--user=${path}`, `--net=${netnsPath}`, 'sh', '-c', `(${command}) 2>&1`];
  return execFileSync('nsenter', args, { encoding: 'utf8' });
}

test('a sandbox belongs to the user namespace that is asked for, and works as any other', async () => {
  await using users = await userNamespace();
  await using fixture = await networkFixture();
  const before = traces();
  await fixture.networks.create({ name: 'own' });
  const ports = { portBindings: { '80/tcp': [{ HostPort: '18080' }] } };
  const request = sandboxRequest('web', { mode: 'own', sysctls: { 'net.ipv4.ip_forward': '0' }, ...ports });
  const web = await fixture.networks.attach({ ...request, userNamespace: users.path }, signal);
  assert.match(
    asRoot(users.path, web.netnsPath, 'ip link set eth0 mtu 1400; ip -o link show eth0'),
    /^\d+: .* mtu 1400 /,
  );
  assert.equal(asRoot(users.path, web.netnsPath, 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start').trim(), '0');
  const other = await fixture.networks.attach(sandboxRequest('other', { mode: 'own' }), signal);
  assert.match(
    asRoot(users.path, web.netnsPath, `nsenter --net=${other.netnsPath} true || echo refused`),
    /Operation not permitted|Permission denied/,
    "the engine's own sandboxes are out of its reach",
  );
  {
    await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
    assert.match(await askFrom(other.netnsPath, web.endpoints['own']?.IPAddress ?? '', 80), /^web /);
    assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
    assert.ok(web.names !== undefined);
  }
  await fixture.networks.connect(sandboxRequest('web', { endpoints: { bridge: {} } }), 'bridge');
  assert.match(asRoot(users.path, web.netnsPath, 'ip link set eth1 down && echo done'), /done/);
  for (const id of ['web', 'other']) await fixture.networks.detach(id);
  await fixture.networks.remove('own');
  assert.equal(await waitForTraces(before), before);
});

test('a user namespace that is gone is an error that names it, and leaves nothing', async () => {
  await using fixture = await networkFixture();
  const before = traces();
  const request = sandboxRequest('web', { userNamespace: '/proc/1/ns/nothing' });
  await assert.rejects(fixture.networks.attach(request, signal), { message: /user namespace \/proc\/1\/ns\/nothing/ });
  assert.equal(await waitForTraces(before), before);
});
