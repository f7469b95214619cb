import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlatform, hostPlatform, parsePlatform, platformRank } from './platform.ts';

test('platforms are written in many ways and mean the same', () => {
  assert.deepEqual(parsePlatform('linux/x86_64'), { os: 'linux', architecture: 'amd64' });
  assert.deepEqual(parsePlatform('linux/arm64/v8'), { os: 'linux', architecture: 'arm64' });
  assert.deepEqual(parsePlatform('linux/arm/7'), { os: 'linux', architecture: 'arm', variant: 'v7' });
  assert.deepEqual(parsePlatform('aarch64'), { os: 'linux', architecture: 'arm64' });
  assert.deepEqual(parsePlatform('linux'), hostPlatform());
  assert.equal(formatPlatform(parsePlatform('linux/armhf')), 'linux/arm/v7');
});

test('a single word is told by what Go knows', () => {
  assert.deepEqual(parsePlatform('riscv64'), { os: 'linux', architecture: 'riscv64' });
  assert.equal(parsePlatform('freebsd').os, 'freebsd');
  assert.throws(() => parsePlatform('Bogus'), {
    kind: 'invalid',
    message: '"Bogus": unknown operating system or architecture: invalid argument',
  });
});

test('what is not a platform is refused', () => {
  for (const text of ['', 'a/b/c/d', 'linux//', 'linux/a b', '../x']) {
    assert.throws(() => parsePlatform(text), { kind: 'invalid' }, text);
  }
});

test('the closest variant that the machine runs is best, a later one is none', () => {
  const v7 = parsePlatform('linux/arm/v7');
  assert.equal(platformRank(v7, parsePlatform('linux/arm/v8')), undefined);
  assert.equal(platformRank(v7, parsePlatform('linux/amd64')), undefined);
  const ranks = ['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'].map((text) => platformRank(v7, parsePlatform(text)));
  assert.deepEqual(ranks, [100, 6, 5]);
});

test('an architecture is not a property that every object has', () => {
  for (const architecture of ['constructor', '__proto__', 'toString']) {
    assert.equal(platformRank({ os: 'linux', architecture }, hostPlatform()), undefined);
    assert.equal(platformRank(hostPlatform(), { os: 'linux', architecture }), undefined);
  }
  assert.throws(() => parsePlatform('constructor'), { kind: 'invalid' });
});
