import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIS, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const NEWEST = '1.50';

async function get(path: string): Promise<Record<string, unknown>> {
  const { status, body } = await engine().api('GET', path);
  assert.equal(status, 200, body);
  return JSON.parse(body);
}

test('the newest version is told, spoken without being named, and the end', async () => {
  assert.equal((await get('/version'))['ApiVersion'], NEWEST);
  assert.equal((await get(`/v${NEWEST}/version`))['MinAPIVersion'], '1.24');
  const { status, body } = await engine().api('GET', '/v9.99/version');
  assert.equal(status, 400);
  assert.match(body, new RegExp(`client version 9.99 is too new. Maximum supported API version is ${NEWEST}`));
});

for (const cli of CLIS) {
  test(`${cli} version and info agree with it`, async () => {
    assert.equal(await engine().ok(cli, ['version', '-f', '{{.Server.APIVersion}}']), NEWEST);
    assert.equal(await engine().ok(cli, ['info', '-f', '{{.FirewallBackend.Driver}}']), 'nftables');
  });

  test(`${cli} run --network driver-opt sets what its link is to have; --sysctl does not`, async () => {
    const run = (...args: string[]) =>
      engine()[cli](['run', '--rm', ...args, 'busybox', 'cat', '/proc/sys/net/ipv4/conf/eth0/log_martians']);
    const option = '"driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1"';
    assert.equal((await run('--network', `name=bridge,${option}`)).stdout, '1\n');
    const refused = await run('--sysctl', 'net.ipv4.conf.eth0.log_martians=1');
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /must be supplied using driver option 'com.docker.network.endpoint.sysctls'/);
  });
}

test('a container shows the manifest of its image, the priority of its network, and older clients what they know', async () => {
  const name = unique('shown');
  const body = { Image: 'busybox', NetworkingConfig: { EndpointsConfig: { bridge: { GwPriority: 3 } } } };
  const made = await engine().api('POST', `/v1.48/containers/create?name=${name}`, body);
  assert.equal(made.status, 201, made.body);
  const [{ Descriptor }] = JSON.parse(await engine().ok('gantry', ['image', 'inspect', 'busybox']));
  const { ImageManifestDescriptor, NetworkSettings } = await get(`/v1.48/containers/${name}/json`);
  assert.deepEqual(ImageManifestDescriptor, Descriptor);
  assert.equal((NetworkSettings as { Networks: { bridge: { GwPriority: number } } }).Networks.bridge.GwPriority, 3);
  assert.equal('ImageManifestDescriptor' in (await get(`/v1.47/containers/${name}/json`)), false);
  const list = await get('/v1.48/containers/json?all=1');
  assert.deepEqual((list as unknown as (typeof list)[])[0]?.['ImageManifestDescriptor'], Descriptor);
  await engine().ok('gantry', ['rm', name]);
});

test('info and images have the fields of the version that asks', async () => {
  const fields = async (version: string, path: string): Promise<string[]> =>
    Object.keys(await get(`/v${version}${path}`));
  const has = async (version: string): Promise<boolean[]> => {
    const info = await fields(version, '/info');
    const image = (await get(`/v${version}/images/busybox/json`))['Config'] as object;
    return [info.includes('FirewallBackend'), info.includes('BridgeNfIptables'), 'Hostname' in image];
  };
  assert.deepEqual(await has('1.48'), [false, true, true]);
  assert.deepEqual(await has('1.49'), [true, true, true]);
  assert.deepEqual(await has('1.50'), [true, false, false]);
  assert.deepEqual((await get('/v1.48/info'))['InitCommit'], withExpected((await get('/v1.49/info'))['InitCommit']));
});

function withExpected(commit: unknown): object {
  const { ID } = commit as { ID: string };
  return { ID, Expected: ID };
}
