import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Authorizer } from '../auth/authorizer.ts';
import { ANONYMOUS } from '../auth/credentials.ts';
import type { RegistryEndpoint } from '../hosts/registry-hosts.ts';
import { HostClient } from './host-client.ts';
import type { Transport } from './transport.ts';

const never = new AbortController().signal;
const endpoint: RegistryEndpoint = {
  url: new URL('https://registry.test:5000'),
  tls: {},
  mayUsePlainHttp: true,
  isMirror: false,
  credentialsFor: undefined,
};

function client(transport: Transport): HostClient {
  const authorizer = new Authorizer({
    credentials: ANONYMOUS,
    allowPlainHttp: true,
    send: (request) => transport(request, {}, never),
  });
  return new HostClient({
    endpoint,
    transport,
    authorizer,
    retry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
    userAgent: 'test',
  });
}

test('requests at the same time to a host without TLS each find their way to plain http', async () => {
  const slowly = Promise.withResolvers<void>();
  let connections = 0;
  const transport: Transport = async (request) => {
    if (request.url.protocol === 'http:') {
      return { url: request.url, status: 200, headers: {}, body: Readable.from([]) };
    }
    connections += 1;
    if (connections > 1) await slowly.promise;
    throw Object.assign(new Error('write EPROTO'), { code: 'EPROTO' });
  };
  const host = client(transport);
  const get = (): Promise<number> =>
    host.send({ method: 'GET', path: '/v2/', scopes: [] }, never).then(({ status }) => status);
  const [first, second] = [get(), get()];
  assert.equal(await first, 200);
  // Plain http is known to work by now, and is used from the start.
  assert.equal(await get(), 200);
  slowly.resolve();
  assert.equal(await second, 200);
  assert.equal(connections, 2);
});

test('a host that has answered over TLS is never spoken to in plain', async () => {
  let works = true;
  const seen: string[] = [];
  const host = client(async (request) => {
    seen.push(request.url.protocol);
    if (works) return { url: request.url, status: 200, headers: {}, body: Readable.from([]) };
    throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  });
  await host.send({ method: 'GET', path: '/v2/', scopes: [] }, never);
  works = false;
  await assert.rejects(host.send({ method: 'GET', path: '/v2/', scopes: [] }, never));
  assert.ok(!seen.includes('http:'), seen.join());
});
