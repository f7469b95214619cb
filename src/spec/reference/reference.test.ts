import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalString, familiarString, parseReference, withDefaultTag, withTag } from './reference.ts';

const HEX = 'a'.repeat(64);

test('names are completed as Docker completes them, and shortened again for people', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['team/app', 'docker.io/team/app:latest', 'team/app:latest'],
    ['library/team/app', 'docker.io/library/team/app:latest', 'library/team/app:latest'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['Localhost/app', 'Localhost/app:latest', 'Localhost/app:latest'],
    ['localhost:5000/a/b_c__d--e.f:v1', 'localhost:5000/a/b_c__d--e.f:v1', 'localhost:5000/a/b_c__d--e.f:v1'],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
    [`busybox@sha256:${HEX}`, `docker.io/library/busybox@sha256:${HEX}`, `busybox@sha256:${HEX}`],
    [`busybox:1@sha256:${HEX}`, `docker.io/library/busybox:1@sha256:${HEX}`, `busybox:1@sha256:${HEX}`],
  ];
  for (const [text, canonical, familiar] of cases) {
    const reference = withDefaultTag(parseReference(text));
    assert.equal(canonicalString(reference), canonical);
    assert.equal(familiarString(reference), familiar);
  }
});

test('what is not a name is refused in the words of Docker', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'invalid reference format'],
    [':latest', 'invalid reference format'],
    ['busybox:', 'invalid reference format'],
    ['busy box', 'invalid reference format'],
    ['-busybox', 'invalid reference format'],
    ['busybox:-x', 'invalid reference format'],
    [`busybox:${'x'.repeat(129)}`, 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['../etc/passwd', 'invalid reference format'],
    ['busybox@sha256:abc', 'invalid reference format'],
    [`busybox@sha256:${'a'.repeat(40)}`, 'invalid checksum digest length'],
    [`busybox@md5:${'a'.repeat(32)}`, 'unsupported digest algorithm'],
    ['BusyBox', 'invalid reference format: repository name (library/BusyBox) must be lowercase'],
    ['quay.io/Team/app', 'invalid reference format: repository name (Team/app) must be lowercase'],
    [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
    ['a'.repeat(256), 'repository name must not be more than 255 characters'],
  ];
  for (const [text, message] of cases) assert.throws(() => parseReference(text), { kind: 'invalid', message }, text);
});

test('a tag replaces tag and digest', () => {
  const reference = parseReference(`busybox:1@sha256:${HEX}`);
  assert.equal(familiarString(withTag(reference, '2')), 'busybox:2');
  assert.throws(() => withTag(reference, 'a b'), { kind: 'invalid', message: 'invalid tag format' });
});

test('a megabyte of text is refused at once', () => {
  assert.throws(() => parseReference('a-'.repeat(500_000)), { kind: 'invalid' });
});
