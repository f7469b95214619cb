import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';
import { ipamStore, startIpamPlugin } from '../support/ipam-plugin.ts';
import { networkPlugin, removePluginLinks } from '../support/network-plugin.ts';

/** Networks of a plugin, through the real clients: the plugin's interfaces, its refusals, restarts of both sides. */

const folder = mkdtempSync(join(tmpdir(), 'network-plugins-'));
const engine = useEngine({ flags: ['--plugin-dir', folder] });
after(() => {
  removePluginLinks();
  rmdirSync(folder);
});
const links = (): string => execFileSync('ip', ['-br', 'link'], { encoding: 'utf8' });

for (const cli of CLIS) {
  test(`${cli}: containers of a plugin's network reach each other by name, and nothing is left`, async () => {
    await using plugin = await networkPlugin(folder, 'sample');
    const network = unique('plugged');
    const [one, two] = [unique('one'), unique('two')];
    const run = (...args: readonly string[]) => engine()[cli](args);
    assert.equal((await run('network', 'create', '-d', 'sample', '--subnet', '10.82.0.0/24', network)).code, 0);
    const driver = await run('network', 'inspect', '-f', '{{.Driver}} {{.Scope}}', network);
    assert.equal(driver.stdout.trim(), 'sample local');
    for (const name of [one, two]) {
      const started = await run('run', '-d', '--name', name, '--network', network, 'busybox', 'sleep', '1000');
      assert.equal(started.code, 0, started.stderr);
    }
    const ping = await run('exec', two, 'ping', '-c', '1', '-W', '5', one);
    assert.match(ping.stdout, /10\.82\.0\.2/);
    assert.match((await run('exec', one, 'ip', '-o', 'addr')).stdout, /plug0 .*10\.82\.0\.2\/24/);
    assert.equal((await run('restart', '-t', '0', one)).code, 0);
    assert.match((await run('exec', two, 'ping', '-c', '1', '-W', '5', one)).stdout, /1 packets received/);

    plugin.answers.set('Join', { Err: 'the switch is full' });
    const refused = await run('run', '--rm', '--network', network, 'busybox', 'true');
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /failed to set up container networking: .*the switch is full/);
    plugin.answers.clear();
    assert.equal((await run('rm', '-f', one, two)).code, 0);
    assert.equal((await run('network', 'rm', network)).code, 0);
    const methods = plugin.server.methods().filter((method) => /Create|Join|Leave|Delete/.test(method));
    const count = (verb: string): number => methods.filter((method) => method.endsWith(verb)).length;
    assert.equal(count('CreateEndpoint'), count('DeleteEndpoint'));
    assert.equal(count('CreateNetwork'), count('DeleteNetwork'));
    await eventually(async () => assert.doesNotMatch(links(), /\b(pc|pl)[0-9a-f]{10}/));
  });
}

test('containers outlive their plugin and the daemon; a start without the plugin says why', async () => {
  const network = unique('plugged');
  const [one, two] = [unique('one'), unique('two')];
  const docker = (...args: readonly string[]) => engine()[CLIS[0] ?? 'gantry'](args);
  {
    await using _plugin = await networkPlugin(folder, 'sample');
    assert.equal((await docker('network', 'create', '-d', 'sample', '--subnet', '10.83.0.0/24', network)).code, 0);
    for (const name of [one, two]) {
      assert.equal(
        (await docker('run', '-d', '--name', name, '--network', network, 'busybox', 'sleep', '1000')).code,
        0,
      );
    }
  }
  await engine().kill9();
  await engine().start();
  assert.match((await docker('exec', two, 'ping', '-c', '1', '-W', '5', one)).stdout, /1 packets received/);
  const stopped = await docker('stop', '-t', '0', two);
  assert.equal(stopped.code, 0, 'a stop needs no plugin');
  const started = await docker('start', two);
  assert.equal(started.code, 1);
  assert.match(started.stderr, /sample/);
  await using _plugin = await networkPlugin(folder, 'sample');
  assert.equal((await docker('start', two)).code, 0);
  assert.match((await docker('exec', two, 'ping', '-c', '1', '-W', '5', one)).stdout, /1 packets received/);
  assert.equal((await docker('rm', '-f', one, two)).code, 0);
  assert.equal((await docker('network', 'rm', network)).code, 0);
  await eventually(async () => assert.doesNotMatch(links(), /\b(pc|pl)[0-9a-f]{10}/));
});

test('addresses of an IPAM plugin outlive the daemon, and go back with the container and the network', async () => {
  const store = ipamStore();
  await using _plugin = await startIpamPlugin(join(folder, 'lender.sock'), store);
  const network = unique('lent');
  const container = unique('web');
  const docker = (...args: readonly string[]) => engine()[CLIS[0] ?? 'gantry'](args);
  const created = await docker('network', 'create', '--ipam-driver', 'lender', '--subnet', '10.84.0.0/24', network);
  assert.equal(created.code, 0, created.stderr);
  const run = ['run', '-d', '--name', container, '--network', network, '--ip', '10.84.0.9', 'busybox', 'sleep', '1000'];
  assert.equal((await docker(...run)).code, 0);
  await engine().kill9();
  await engine().start();
  assert.match((await docker('exec', container, 'ip', '-o', 'addr')).stdout, /10\.84\.0\.9\/24/);
  assert.deepEqual([...(store.pools.get('pool-10.84.0.0/24') ?? [])], ['10.84.0.1', '10.84.0.9']);
  const again = await docker('run', '--rm', '--network', network, '--ip', '10.84.0.9', 'busybox', 'true');
  assert.match(again.stderr, /failed to set up container networking: remote: the address 10\.84\.0\.9 is in use/);
  assert.equal((await docker('rm', '-f', container)).code, 0);
  assert.equal((await docker('network', 'rm', network)).code, 0);
  assert.equal(store.pools.size, 0);
});
