import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges } from './challenge.ts';

const plain = (header: string): unknown =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test('a bearer challenge gives realm, service and scope', () => {
  assert.deepEqual(plain('Bearer realm="https://auth.test/token",service="reg",scope="repository:a/b:pull,push"'), [
    ['bearer', { realm: 'https://auth.test/token', service: 'reg', scope: 'repository:a/b:pull,push' }],
  ]);
});

test('several challenges in one header, tokens without quotes and escapes are understood', () => {
  assert.deepEqual(plain('Basic realm="a \\"b\\", c", Bearer realm=x , error=invalid_token'), [
    ['basic', { realm: 'a "b", c' }],
    ['bearer', { realm: 'x', error: 'invalid_token' }],
  ]);
});

test('nonsense, unterminated strings and megabytes end the list without an error', () => {
  assert.deepEqual(plain(''), []);
  assert.deepEqual(plain('="x"'), []);
  assert.deepEqual(plain('Bearer realm="never ends'), [['bearer', {}]]);
  assert.deepEqual(plain(`Bearer realm="${'x'.repeat(5_000_000)}"`), [['bearer', {}]]);
});
