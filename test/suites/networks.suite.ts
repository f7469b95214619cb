import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainersDeps } from '../../src/containers/index.ts';
import type { SandboxRequest } from '../../src/network/index.ts';

/** The part of the networks that `containers` uses. */
export type ContainerNetworks = ContainersDeps['networks'];

export interface NetworksFixture extends AsyncDisposable {
  readonly networks: ContainerNetworks;
  /** Makes a network of a user. */
  addNetwork(name: string): Promise<void>;
  /** The networks of the next daemon, on the state of the last one. */
  restart(): Promise<ContainerNetworks>;
}

type OpenNetworks = () => Promise<NetworksFixture>;

const never = new AbortController().signal;

/** Registers the tests that every implementation passes. */
export function networksSuite(name: string, open: OpenNetworks): void {
  sandboxTests(name, open);
  changeTests(name, open);
  checkTests(name, open);
}

function sandboxTests(name: string, open: OpenNetworks): void {
  test(`${name}: a sandbox has a path, an id and an endpoint on the network of its mode, and may be removed twice`, async () => {
    await using fixture = await open();
    const sandbox = await fixture.networks.attach(request('a'), never);
    const { endpoints } = sandbox;
    assert.ok(sandbox.netnsPath.startsWith('/') && sandbox.sandboxId !== '');
    assert.deepEqual(Object.keys(endpoints), ['bridge']);
    assert.equal(endpoints['bridge']?.NetworkID, fixture.networks.inspect('bridge').Id);
    assert.match(endpoints['bridge']?.IPAddress ?? '', /^\d+\.\d+\.\d+\.\d+$/);
    assert.equal(sandbox.names, undefined, 'the default bridge has no names');
    const other = await fixture.networks.attach(request('b'), never);
    assert.notEqual(other.netnsPath, sandbox.netnsPath);
    assert.notEqual(other.endpoints['bridge']?.IPAddress, endpoints['bridge']?.IPAddress);
    assert.deepEqual(Object.keys(fixture.networks.inspect('bridge').Containers).sort(), ['a', 'b']);
    assert.equal(await fixture.networks.rename('a', 'renamed'), undefined);
    assert.equal(fixture.networks.inspect('bridge').Containers['a']?.Name, 'renamed');
    assert.equal(await fixture.networks.rename('unknown', 'renamed'), undefined);
    for (const id of ['a', 'b', 'b', 'unknown']) await fixture.networks.detach(id);
    assert.deepEqual(fixture.networks.inspect('bridge').Containers, {});
  });

  test(`${name}: a sandbox is on the network of its mode and on those of its endpoints`, async () => {
    await using fixture = await open();
    const { networks } = fixture;
    await fixture.addNetwork('other');
    const on = async (id: string, change: Partial<SandboxRequest>): Promise<readonly string[]> =>
      Object.keys((await networks.attach({ ...request(id), ...change }, never)).endpoints).sort();
    assert.deepEqual(await on('a', { endpoints: { other: {} } }), ['bridge', 'other']);
    assert.deepEqual(await on('b', { mode: undefined, endpoints: { other: {} } }), ['other']);
    assert.deepEqual(await on('c', { mode: 'default' }), ['bridge']);
    assert.deepEqual(await on('d', { mode: 'none' }), ['none']);
    assert.deepEqual(Object.keys(networks.inspect('other').Containers).sort(), ['a', 'b']);
    assert.equal(networks.inspect('none').Containers['d']?.IPv4Address, '');
    for (const id of ['a', 'b', 'c', 'd']) await networks.detach(id);
  });

  test(`${name}: a network that is not there is refused by its name, and an aborted attach leaves nothing`, async () => {
    await using fixture = await open();
    const { networks } = fixture;
    assert.throws(() => networks.inspect('nope'), { kind: 'notFound', message: /network nope not found/ });
    const message = 'failed to set up container networking: network nope not found';
    await assert.rejects(networks.attach({ ...request('a'), mode: 'nope' }, never), { kind: 'notFound', message });
    await assert.rejects(networks.attach(request('a'), AbortSignal.abort()), { kind: 'cancelled' });
    assert.deepEqual(networks.inspect('bridge').Containers, {});
  });

  test(`${name}: the next daemon takes over the sandboxes that run and removes the others`, async () => {
    await using fixture = await open();
    const kept = await fixture.networks.attach(request('kept'), never);
    await fixture.networks.attach(request('stray'), never);
    const next = await fixture.restart();
    await next.restore([{ ...kept, containerId: 'kept', containerName: 'name' }]);
    assert.deepEqual(Object.keys(next.inspect('bridge').Containers), ['kept']);
    await next.detach('kept');
    assert.deepEqual(next.inspect('bridge').Containers, {});
  });
}

function changeTests(name: string, open: OpenNetworks): void {
  test(`${name}: a running container joins a network with its names, follows its own name, and leaves again`, async () => {
    await using fixture = await open();
    const { networks } = fixture;
    await fixture.addNetwork('other');
    const { Id } = networks.inspect('other');
    await networks.attach(request('a'), never);
    const joined = await networks.connect({ ...request('a'), endpoints: { other: { Aliases: ['alias'] } } }, 'other');
    assert.deepEqual(Object.keys(joined.endpoints).sort(), ['bridge', 'other']);
    const { NetworkID, IPAddress, Aliases, DNSNames } = joined.endpoints['other'] ?? {};
    assert.deepEqual([NetworkID, Aliases, DNSNames], [Id, ['alias'], ['name-a', 'alias', 'a']]);
    assert.deepEqual(joined.names, { servers: [] });
    assert.equal(networks.inspect('other').Containers['a']?.IPv4Address.split('/')[0], IPAddress);

    const renamed = await networks.rename('a', 'renamed');
    assert.deepEqual(renamed?.endpoints['other']?.DNSNames, ['renamed', 'alias', 'a']);
    const left = await networks.disconnect(request('a'), Id.slice(0, 12));
    assert.deepEqual(Object.keys(left.endpoints), ['bridge']);
    assert.deepEqual(networks.inspect('other').Containers, {});
    await networks.detach('a');
  });

  test(`${name}: a change that is impossible is refused and changes nothing`, async () => {
    await using fixture = await open();
    const { networks } = fixture;
    await fixture.addNetwork('other');
    await assert.rejects(networks.connect(request('a'), 'other'), {
      kind: 'failed',
      message: /a has no network sandbox/,
    });
    await assert.rejects(networks.disconnect(request('a'), 'bridge'), { kind: 'failed' });
    await networks.attach(request('a'), never);
    await assert.rejects(networks.connect(request('a'), 'bridge'), {
      kind: 'forbidden',
      message: 'endpoint with name name-a already exists in network bridge',
    });
    await assert.rejects(networks.disconnect(request('a'), 'other'), {
      kind: 'failed',
      message: 'container a is not connected to network other',
    });
    await assert.rejects(networks.connect(request('a'), 'nope'), { kind: 'notFound' });
    await assert.rejects(networks.disconnect(request('a'), 'nope'), { kind: 'notFound' });
    assert.deepEqual(Object.keys(networks.inspect('bridge').Containers), ['a']);
    assert.deepEqual(networks.inspect('other').Containers, {});
    await networks.detach('a');
  });
}

function checkTests(name: string, open: OpenNetworks): void {
  test(`${name}: impossible ports and endpoints are refused before a start`, async () => {
    await using fixture = await open();
    const { networks } = fixture;
    await fixture.addNetwork('other');
    const fixed = { IPAMConfig: { IPv4Address: '10.1.2.3' } };
    const check = (change: Partial<SandboxRequest>) => () => networks.check({ ...request('a'), ...change });
    check({ portBindings: { '80/tcp': [{ HostPort: '8080' }] }, endpoints: { other: {} } })();
    check({ endpoints: { nope: fixed } })();
    assert.throws(check({ portBindings: { 'web/tcp': [{ HostPort: '8080' }] } }), {
      kind: 'invalid',
      message: 'invalid port specification: "web/tcp"',
    });
    assert.throws(check({ endpoints: { bridge: fixed } }), {
      kind: 'invalid',
      message: /^invalid config for network bridge: /,
    });

    networks.checkEndpoint('other', { Aliases: ['alias'] });
    assert.throws(() => networks.checkEndpoint('bridge', fixed), {
      kind: 'invalid',
      message: /user specified IP address is supported on user defined networks only/,
    });
    assert.throws(() => networks.checkEndpoint('other', { MacAddress: 'x' }), {
      kind: 'invalid',
      message: 'invalid MAC address x',
    });
    assert.throws(() => networks.checkEndpoint('nope', {}), { kind: 'notFound', message: 'network nope not found' });
  });

  test(`${name}: the driver of a network is known by its id, and the host by the gateway of the default bridge`, async () => {
    await using fixture = await open();
    const { networks } = fixture;
    await fixture.addNetwork('other');
    const drivers = ['bridge', 'other', 'host', 'none'].map((ref) => networks.driverOf(networks.inspect(ref).Id));
    assert.deepEqual(drivers, ['bridge', 'bridge', 'host', 'null']);
    assert.equal(networks.driverOf('removed'), '');
    assert.equal(networks.driverOf('bridge'), '', 'a name is not an id');
    assert.deepEqual(networks.hostGateways, [networks.inspect('bridge').IPAM.Config?.[0]?.Gateway]);
  });
}

function request(containerId: string): SandboxRequest {
  return {
    containerId,
    containerName: `name-${containerId}`,
    mode: 'bridge',
    endpoints: {},
    exposedPorts: [],
    portBindings: {},
    publishAll: false,
    sysctls: {},
  };
}
