import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Networks, SandboxRequest } from '../../src/network/index.ts';

/** The part of the networks that `containers` uses. */
export type ContainerNetworks = Pick<Networks, 'inspect' | 'check' | 'attach' | 'detach' | 'rename' | 'restore'>;

export interface NetworksFixture extends AsyncDisposable {
  readonly networks: ContainerNetworks;
  /** The networks of the next daemon, on the state of the last one. */
  restart(): Promise<ContainerNetworks>;
}

const never = new AbortController().signal;

/** Registers the tests that every implementation passes. */
export function networksSuite(name: string, open: () => Promise<NetworksFixture>): void {
  test(`${name}: a sandbox has a path, an id and an endpoint on the network of its mode, and may be given back twice`, async () => {
    await using fixture = await open();
    const sandbox = await fixture.networks.attach(request('a'), never);
    const { endpoints } = sandbox;
    assert.ok(sandbox.netnsPath.startsWith('/') && sandbox.sandboxId !== '');
    assert.deepEqual(Object.keys(endpoints), ['bridge']);
    assert.equal(endpoints['bridge']?.NetworkID, fixture.networks.inspect('bridge').Id);
    assert.match(endpoints['bridge']?.IPAddress ?? '', /^\d+\.\d+\.\d+\.\d+$/);
    const other = await fixture.networks.attach(request('b'), never);
    assert.notEqual(other.netnsPath, sandbox.netnsPath);
    assert.notEqual(other.endpoints['bridge']?.IPAddress, endpoints['bridge']?.IPAddress);
    assert.deepEqual(Object.keys(fixture.networks.inspect('bridge').Containers).sort(), ['a', 'b']);
    await fixture.networks.rename('a', 'renamed');
    assert.equal(fixture.networks.inspect('bridge').Containers['a']?.Name, 'renamed');
    for (const id of ['a', 'b', 'b', 'unknown']) await fixture.networks.detach(id);
    assert.deepEqual(fixture.networks.inspect('bridge').Containers, {});
  });

  test(`${name}: a network that is not there is refused by its name`, async () => {
    await using fixture = await open();
    assert.throws(() => fixture.networks.inspect('nope'), { kind: 'notFound', message: /network nope not found/ });
    await assert.rejects(fixture.networks.attach({ ...request('a'), mode: 'nope' }, never), { kind: 'notFound' });
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
