import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CreateContainerBody, HostConfig } from '../../spec/index.ts';
import { createRequestFor } from './create-request.ts';

const OPTION = 'com.docker.network.endpoint.sysctls';

function body(
  HostConfig: HostConfig,
  endpoints?: NonNullable<CreateContainerBody['NetworkingConfig']>['EndpointsConfig'],
): CreateContainerBody {
  return { Image: 'busybox', HostConfig, ...(endpoints && { NetworkingConfig: { EndpointsConfig: endpoints } }) };
}

test('images are mounted from 1.48 on', () => {
  const request = body({ Mounts: [{ Type: 'image', Source: 'i', Target: '/t' }] });
  assert.deepEqual(createRequestFor('1.48', request), { body: request, warnings: [] });
  assert.throws(() => createRequestFor('1.47', request), {
    kind: 'invalid',
    message: 'Mount type "Image" needs API v1.48 or newer',
  });
});

test('networks have priorities from 1.48 on', () => {
  const request = body({}, { own: { GwPriority: 7, MacAddress: '' }, other: null });
  assert.deepEqual(createRequestFor('1.48', request).body, request);
  assert.deepEqual(createRequestFor('1.47', request).body, body({}, { own: { MacAddress: '' }, other: null }));
});

test('a driver of volumes that has no effect is warned of from 1.48 on', () => {
  const Mounts = [{ Type: 'volume', Target: '/v' }] as const;
  const own = [{ ...Mounts[0], VolumeOptions: { DriverConfig: { Name: 'local' } } }];
  const warnings = (version: string, host: HostConfig) => createRequestFor(version, body(host)).warnings.length;
  assert.equal(warnings('1.48', { VolumeDriver: 'local', Mounts }), 1);
  assert.equal(warnings('1.47', { VolumeDriver: 'local', Mounts }), 0);
  assert.equal(warnings('1.48', { VolumeDriver: 'local', Mounts: own }), 0);
  assert.equal(warnings('1.48', { Mounts }), 0);
});

test('settings of a network’s link are its driver’s option; older clients’ are moved there', () => {
  const Sysctls = { 'net.ipv4.conf.eth0.log_martians': '1', 'net.ipv4.ip_forward': '1' };
  assert.throws(() => createRequestFor('1.48', body({ Sysctls })), {
    kind: 'invalid',
    message: `interface specific sysctl setting "net.ipv4.conf.eth0.log_martians" must be supplied using driver option '${OPTION}'`,
  });
  const left = { Sysctls: { 'net.ipv4.ip_forward': '1' } };
  const moved = 'net.ipv4.conf.IFNAME.log_martians=1';
  assert.deepEqual(createRequestFor('1.47', body({ Sysctls })), {
    body: body(left, { bridge: { DriverOpts: { [OPTION]: moved } } }),
    warnings: [`Migrated sysctl "net.ipv4.conf.eth0.log_martians" to DriverOpts{"${OPTION}":"${moved}"}.`],
  });
  const set = { default: { DriverOpts: { [OPTION]: 'x=1', other: 'y' } } };
  assert.deepEqual(
    createRequestFor('1.47', body({ Sysctls }, set)).body,
    body(left, { default: { DriverOpts: { [OPTION]: `${moved},x=1`, other: 'y' } } }),
  );
  assert.throws(() => createRequestFor('1.47', body({ Sysctls: { 'net.ipv4.conf.eth1.log_martians': '1' } })), {
    kind: 'invalid',
  });
  const host = body({ NetworkMode: 'host', Sysctls });
  assert.deepEqual(createRequestFor('1.48', host).body, host);
});

test('a port with an empty list is published somewhere, which 1.52 warns of', () => {
  const PortBindings = { '80/tcp': [], '81/tcp': null, '82/tcp': [{ HostPort: '1' }] };
  const filled = { PortBindings: { '80/tcp': [{}], '81/tcp': [{}], '82/tcp': [{ HostPort: '1' }] } };
  for (const version of ['1.47', '1.51']) {
    assert.deepEqual(createRequestFor(version, body({ PortBindings })), { body: body(filled), warnings: [] });
  }
  const { body: taken, warnings } = createRequestFor('1.52', body({ PortBindings }));
  assert.deepEqual(taken, body(filled));
  assert.match(warnings.join(), /empty list of port-bindings: 80\/tcp, 81\/tcp\./);
});

test('from 1.52 on a container has no hardware address of its own', () => {
  const request = { ...body({}), MacAddress: '02:42:ac:11:00:09' };
  assert.deepEqual(createRequestFor('1.52', request), { body: body({}), warnings: [] });
  assert.equal(createRequestFor('1.51', request).body.MacAddress, request.MacAddress);
});
