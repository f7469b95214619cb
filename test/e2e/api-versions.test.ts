import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const NEWEST = '1.52';

async function get(path: string): Promise<Record<string, unknown>> {
  const { status, body } = await engine().api('GET', path);
  assert.equal(status, 200, body);
  return JSON.parse(body);
}

test('the newest version is told, and the end', async () => {
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
  const [{ Os, Architecture }] = JSON.parse(await engine().ok('gantry', ['image', 'inspect', 'busybox']));
  const described = { ...Descriptor, platform: { os: Os, architecture: Architecture } };
  assert.deepEqual(ImageManifestDescriptor, described);
  assert.equal((NetworkSettings as { Networks: { bridge: { GwPriority: number } } }).Networks.bridge.GwPriority, 3);
  assert.equal('ImageManifestDescriptor' in (await get(`/v1.47/containers/${name}/json`)), false);
  const list = await get('/v1.48/containers/json?all=1');
  assert.deepEqual((list as unknown as (typeof list)[])[0]?.['ImageManifestDescriptor'], described);
  await engine().ok('gantry', ['rm', name]);
});

test('images count their containers from 1.51 on', async () => {
  const name = unique('counted');
  await engine().ok('gantry', ['create', '--name', name, 'busybox']);
  const counts = async (version: string): Promise<unknown[]> => {
    const images = (await get(`/v${version}/images/json`)) as unknown as { Containers: number }[];
    return images.map(({ Containers }) => Containers);
  };
  assert.deepEqual([await counts('1.51'), await counts('1.50')], [[1], [-1]]);
  await engine().ok('gantry', ['rm', name]);
});

test('addresses are those of networks from 1.52 on, which count them', async () => {
  const name = unique('addressed');
  await engine().ok('gantry', ['run', '-d', '--name', name, 'busybox', 'sleep', '60']);
  const settings = async (version: string) =>
    (await get(`/v${version}/containers/${name}/json`))['NetworkSettings'] as Record<string, unknown> & {
      readonly Networks: { readonly bridge: { readonly IPAddress: string } };
    };
  const [older, newest] = [await settings('1.51'), await settings('1.52')];
  const unversioned = (await get(`/containers/${name}/json`))['NetworkSettings'] as Record<string, unknown>;
  assert.equal(unversioned['IPAddress'], older['IPAddress'], 'who names no version finds what it always found');
  assert.equal(older['IPAddress'], newest.Networks.bridge.IPAddress);
  assert.deepEqual(Object.keys(newest), ['SandboxID', 'SandboxKey', 'Ports', 'Networks']);
  const subnets = async (): Promise<{ readonly IPsInUse: number; readonly DynamicIPsAvailable: number }[]> => {
    const status = (await get('/v1.52/networks/bridge'))['Status'] as { IPAM: { Subnets: Record<string, never> } };
    return Object.values(status.IPAM.Subnets);
  };
  const [before] = await subnets();
  assert.equal(before?.IPsInUse, 4, 'the network, its gateway, its broadcast address, one container');
  await engine().ok('gantry', ['rm', '-f', name]);
  const after = { IPsInUse: 3, DynamicIPsAvailable: before.DynamicIPsAvailable + 1 };
  await eventually(async () => assert.deepEqual(await subnets(), [after]));
  assert.equal('Status' in (await get('/v1.51/networks/bridge')), false);
});

test('events come without their oldest names from 1.52 on, and as the client accepts them', async () => {
  const name = unique('told');
  const since = Date.now() / 1000;
  await engine().ok('gantry', ['create', '--name', name, 'busybox']);
  await engine().ok('gantry', ['rm', name]);
  const path = `events?since=${since}&until=${Date.now() / 1000}&filters={"event":["create"]}`;
  const ask = async (version: string, accept: string): Promise<readonly [type: string | undefined, body: string]> => {
    const url = new URL(`http://engine/v${version}/${path}`);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { Accept: accept };
    request(url, { socketPath: engine().socketPath, headers, agent: false }, resolve).on('error', reject).end();
    const response = await promise;
    return [response.headers['content-type'], await text(response)];
  };
  const [type, sequence] = await ask('1.52', 'application/json-seq');
  assert.equal(type, 'application/json-seq');
  assert.equal(sequence[0], '\x1e');
  const event = JSON.parse(sequence.slice(1));
  assert.deepEqual([event.Action, 'status' in event, 'id' in event, 'from' in event], ['create', false, false, false]);
  const [older, line] = await ask('1.51', 'application/json-seq');
  assert.equal(older, 'application/json');
  assert.deepEqual(JSON.parse(line), { status: 'create', id: event.Actor.ID, from: 'busybox', ...event });
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
