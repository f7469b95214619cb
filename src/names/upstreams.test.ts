import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LateServers, upstreams } from './upstreams.ts';

const file = (...servers: readonly string[]) => ({ servers: () => servers });

test('servers of the file are asked from the host, at most three', () => {
  const resolver = file('127.0.0.53', '::1', '10.0.0.1', '10.0.0.2');
  assert.deepEqual(upstreams({ enabled: true, servers: [] }, resolver), [
    { address: '127.0.0.53', isAskedFromHost: true },
    { address: '::1', isAskedFromHost: true },
    { address: '10.0.0.1', isAskedFromHost: true },
  ]);
});

test('servers of the container replace the file, but not with the name server itself', () => {
  const servers = ['127.0.0.11', '127.0.0.1', 'no address', '10.0.0.9'];
  assert.deepEqual(upstreams({ enabled: true, servers }, file('10.0.0.1')), [
    { address: '127.0.0.1', isAskedFromHost: false },
    { address: '10.0.0.9', isAskedFromHost: false },
  ]);
  assert.deepEqual(upstreams({ enabled: true, servers: ['127.0.0.11'] }, file('10.0.0.1')), []);
});

test('a container that may not forward has no servers', () => {
  assert.deepEqual(upstreams({ enabled: false, servers: ['10.0.0.9'] }, file('10.0.0.1')), []);
});

test('a late server comes last for ten seconds, or until it answers', () => {
  let now = 0;
  const late = new LateServers(() => now);
  const [a, b, c] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => ({ address, isAskedFromHost: false }));
  assert.ok(a && b && c);
  late.add(a);
  assert.deepEqual(late.last([a, b, c]), [b, c, a]);
  now = 9999;
  late.add(b);
  assert.deepEqual(late.last([a, b, c]), [c, a, b]);
  now = 10_000;
  assert.deepEqual(late.last([a, b, c]), [a, c, b]);
  late.remove(b);
  assert.deepEqual(late.last([a, b, c]), [a, b, c]);
});
