import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSecrets } from './find-secrets.ts';

// The keys are put together here, so that nobody takes them for real ones.
const digits = '0123456789abcdefghijklmnopqrstuvwxyz';

test('keys of known forms are found with their line, and not shown whole', () => {
  const text = [
    'a: 1',
    `key: ${'AKIA'}IOSFODNN7EXAMPLA`,
    `t: gh${'p_'}${digits}`,
    'url: https://user:word@host/x',
  ].join('\n');
  assert.deepEqual(findSecrets(text), [
    { kind: 'key of AWS', line: 2, hint: 'AKIAIOSF…' },
    { kind: 'token of GitHub', line: 3, hint: 'ghp_0123…' },
    { kind: 'password in an address', line: 4, hint: 'https://…' },
  ]);
  const others = [
    ['private key', `-----BEGIN ${'RSA '}PRIVATE KEY-----`],
    ['token of GitLab', `gl${'pat'}-${digits}`],
    ['token of Slack', `xox${'b'}-${digits}`],
    ['key of Stripe', `sk_${'live'}_${digits}`],
    ['token of npm', `npm_${digits}`],
    ['key of Google', `AI${'za'}${digits.slice(0, 35)}`],
    ['token (JWT)', `eyJ${digits}.eyJ${digits}.${digits}`],
  ] as const;
  for (const [kind, secret] of others)
    assert.deepEqual(
      findSecrets(secret).map((found) => found.kind),
      [kind],
    );
});

test('addresses without a password, variables and hashes are not secrets', () => {
  const harmless = [
    'image: registry:5000/x@sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    'url: postgres://user:$' + '{PASSWORD}@db/x',
    'url: http://host:80/a@b',
    'ports: ["127.0.0.1:80:80"]',
    'email: someone@example.com',
  ];
  for (const line of harmless) assert.deepEqual(findSecrets(line), [], line);
});

test('a line without end is searched in a moment', () => {
  const started = performance.now();
  findSecrets('a'.repeat(1 << 20));
  findSecrets('https://'.repeat(1 << 16));
  findSecrets('eyJ'.repeat(1 << 17));
  assert.ok(performance.now() - started < 5000);
});
