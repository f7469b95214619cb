import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from './loopback.ts';

test('an address of this machine is one whatever follows 127, a name that begins like one is not', () => {
  for (const host of ['localhost', '::1', '127.0.0.1', '127.255.0.9']) assert.ok(isLoopback(host), host);
  for (const host of [
    '127.example.com',
    '127.0.0.1.example.com',
    '127.1',
    '128.0.0.1',
    '127.0.0.256',
    '::',
    '',
    'localhost.',
  ])
    assert.ok(!isLoopback(host), host);
});
