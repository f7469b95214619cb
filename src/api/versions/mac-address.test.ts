import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CreateContainerBody } from '../../spec/index.ts';
import { macAddressFor } from './mac-address.ts';

const ONE = '02:42:ac:11:00:09';
const OTHER = '02:42:ac:11:00:0a';
const DEPRECATED = [
  'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.',
];

function body(
  NetworkMode: string,
  MacAddress: string,
  endpoints?: Record<string, { MacAddress?: string }>,
): CreateContainerBody {
  const networking = endpoints === undefined ? {} : { NetworkingConfig: { EndpointsConfig: endpoints } };
  return { Image: 'busybox', MacAddress, HostConfig: { NetworkMode }, ...networking };
}

test('from 1.44 on the container’s own address is deprecated, and must agree with that of its main network', () => {
  for (const fine of [
    body('bridge', ONE),
    body('default', ONE, { default: {} }),
    body('', ONE, { bridge: { MacAddress: ONE } }),
    body('own', ONE, { own: {}, further: { MacAddress: OTHER } }),
  ]) {
    assert.deepEqual(macAddressFor('1.44', fine), { body: fine, warnings: DEPRECATED });
  }
  const { MacAddress: _dropped, ...without } = body('host', ONE);
  assert.deepEqual(macAddressFor('1.45', body('host', ONE)), { body: without, warnings: DEPRECATED });
  const ofEndpoint = body('bridge', '', { bridge: { MacAddress: ONE } });
  assert.deepEqual(macAddressFor('1.44', ofEndpoint), { body: ofEndpoint, warnings: [] });
  assert.throws(() => macAddressFor('1.44', body('bridge', ONE, { bridge: { MacAddress: OTHER } })), {
    kind: 'invalid',
    message:
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
  });
  assert.throws(() => macAddressFor('1.44', body('bridge', ONE, { further: {} })), {
    kind: 'invalid',
    message:
      'if a container-wide MAC address is supplied, HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks',
  });
});

test('before 1.44 it is the only one', () => {
  const plain = body('bridge', ONE);
  assert.deepEqual(macAddressFor('1.43', plain), { body: plain, warnings: [] });
  assert.deepEqual(
    macAddressFor('1.43', body('bridge', '', { bridge: { MacAddress: ONE } })).body,
    body('bridge', '', { bridge: {} }),
  );
  for (const mode of ['host', 'none', 'container:x']) {
    assert.throws(() => macAddressFor('1.43', body(mode, ONE)), {
      kind: 'invalid',
      message: 'conflicting options: mac-address and the network mode',
    });
  }
});
