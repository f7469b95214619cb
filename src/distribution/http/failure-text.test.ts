import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegistries } from '../registries.ts';
import { failureText } from './failure-text.ts';

const fail = (code: string, message: string, rest: object = {}): Error =>
  Object.assign(new Error(message), { code, ...rest });

test('failures are told as dockerd tells them', () => {
  const refused = fail('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', { address: '127.0.0.1', port: 1 });
  const told: readonly (readonly [unknown, string])[] = [
    [refused, 'dial tcp 127.0.0.1:1: connect: connection refused'],
    [new AggregateError([refused], ''), 'dial tcp 127.0.0.1:1: connect: connection refused'],
    [fail('EHOSTUNREACH', '', { address: '::1', port: 5 }), 'dial tcp [::1]:5: connect: no route to host'],
    [fail('ENOTFOUND', '', { hostname: 'reg.test' }), 'dial tcp: lookup reg.test: no such host'],
    [fail('ECONNRESET', 'socket hang up'), 'EOF'],
    [
      fail('DEPTH_ZERO_SELF_SIGNED_CERT', ''),
      'tls: failed to verify certificate: x509: certificate signed by unknown authority (DEPTH_ZERO_SELF_SIGNED_CERT)',
    ],
    [fail('ERR_SSL_WRONG_VERSION_NUMBER', ''), 'http: server gave HTTP response to HTTPS client'],
    [fail('ETIMEDOUT', 'the registry stopped answering'), 'the registry stopped answering'],
  ];
  for (const [error, text] of told) assert.equal(failureText(error), text);
});

test('a registry that is not there is named with what was asked', async () => {
  await using registries = createRegistries({
    hosts: { insecureRegistries: [], mirrors: {}, certsDirs: [] },
    userAgent: 'test',
    retry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
  });
  const repository = registries.repository('localhost:1', 'app', { kind: 'anonymous' });
  await assert.rejects(repository.manifest('latest', AbortSignal.timeout(10_000)), {
    message:
      /^Get "http:\/\/localhost:1\/v2\/app\/manifests\/latest": dial tcp (127\.0\.0\.1|\[::1\]):1: connect: connection refused$/,
  });
});
