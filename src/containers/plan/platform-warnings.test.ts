import assert from 'node:assert/strict';
import { test } from 'node:test';
import { platformWarnings } from './platform-warnings.ts';

const AMD64_V3 = { architecture: 'amd64', architectureLevel: 'v3' };

test('an image of another platform is warned of in the words of dockerd', () => {
  assert.deepEqual(platformWarnings({ os: 'linux', architecture: 'arm64' }, AMD64_V3), [
    "The requested image's platform (linux/arm64) does not match the detected host platform (linux/amd64/v3) and no specific platform was requested",
  ]);
  assert.equal(platformWarnings({ os: 'linux', architecture: 'amd64', variant: 'v4' }, AMD64_V3).length, 1);
  assert.equal(platformWarnings({ os: 'linux', architecture: 'arm64' }, { architecture: 'arm' }).length, 1);
});

test('an image that the host runs is not warned of', () => {
  for (const image of [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'amd64', variant: 'v2' },
    { os: 'linux', architecture: '386' },
  ]) {
    assert.deepEqual(platformWarnings(image, AMD64_V3), []);
  }
  assert.deepEqual(
    platformWarnings({ os: 'linux', architecture: 'arm', variant: 'v7' }, { architecture: 'arm64' }),
    [],
  );
  assert.deepEqual(platformWarnings({ os: 'linux', architecture: 'arm' }, { architecture: 'arm' }), []);
});
