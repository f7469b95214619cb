import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseContainerPorts, parsePortBindings } from './port-request.ts';

test('bindings are read with ranges, addresses and any port', () => {
  const requests = parsePortBindings({
    '81/udp': [{ HostIp: '[::1]', HostPort: '0' }],
    '80/tcp': [{ HostPort: '8000-8010' }, { HostIp: '127.0.0.1', HostPort: '8080' }, {}],
    '82': null,
    '83/SCTP': [{ HostIp: '', HostPort: '83' }],
  });
  assert.deepEqual(requests, [
    { port: 80, protocol: 'tcp', hostAddress: '', first: 8000, last: 8010 },
    { port: 80, protocol: 'tcp', hostAddress: '127.0.0.1', first: 8080, last: 8080 },
    { port: 80, protocol: 'tcp', hostAddress: '', first: 0, last: 0 },
    { port: 81, protocol: 'udp', hostAddress: '::1', first: 0, last: 0 },
    { port: 83, protocol: 'sctp', hostAddress: '', first: 83, last: 83 },
  ]);
});

test('host ports that cannot be are refused as Docker words it', () => {
  for (const HostPort of ['99999', 'abc', '18000-17000', '-1', '80-', '1e3', '80 ', '080808', '80,81', '0x50']) {
    assert.throws(
      () => parsePortBindings({ '80/tcp': [{ HostPort }] }),
      { kind: 'invalid', message: `invalid port specification: "${HostPort}"` },
      HostPort,
    );
  }
});

test('container ports and addresses that cannot be are refused', () => {
  for (const key of ['', '0/tcp', '99999/tcp', '80-81/tcp', '80/foo', '80/tcp/udp', '/tcp', 'http/tcp', '__proto__']) {
    assert.throws(() => parsePortBindings({ [key]: [{ HostPort: '1' }] }), { kind: 'invalid' }, key);
  }
  for (const HostIp of ['bogus', '1.2.3', 'fe80::1%eth0', '127.0.0.1; drop', '10.0.0.0/8', '"']) {
    assert.throws(() => parsePortBindings({ '80/tcp': [{ HostIp }] }), { kind: 'invalid' }, HostIp);
  }
});

test('an exposed range stands for its ports', () => {
  assert.deepEqual(parseContainerPorts('90-91/udp'), [
    { port: 90, protocol: 'udp' },
    { port: 91, protocol: 'udp' },
  ]);
});
