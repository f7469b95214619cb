import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { one, sha } from '../../../test/support/archives.ts';
import { type ImageHost, imageHost } from '../../../test/support/image-host.ts';

const OPTIONS = { repo: 't/fetched', tag: '', message: 'by hand', changes: ['ENV A=b'], platform: '' };
const never = new AbortController().signal;

/** Starts a web server on this machine. `url` is its root. */
async function serve(handler: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function importFrom(
  host: ImageHost,
  url: string,
  change: Partial<typeof OPTIONS> = {},
): Promise<Readonly<Record<string, unknown>>[]> {
  const lines: Readonly<Record<string, unknown>>[] = [];
  await host.images.importFrom(url, { ...OPTIONS, ...change }, (line) => void lines.push(line), never);
  return lines;
}

test('an archive is fetched and imported, plain or compressed, with a known length or not, behind a redirect', async () => {
  await using server = await serve((request, response) => {
    if (request.url === '/redirect') response.writeHead(302, { Location: '/plain' }).end();
    else if (request.url === '/plain') response.writeHead(200, { 'Content-Length': one.length }).end(one);
    else response.writeHead(200).end(gzipSync(one));
  });
  for (const path of ['/plain', '/redirect', '/gzip']) {
    await using host = await imageHost();
    const lines = await importFrom(host, server.url + path);
    const { config, id } = host.stores.images.resolve('t/fetched');
    assert.deepEqual(config.rootfs.diff_ids, [`sha256:${sha(one)}`]);
    assert.deepEqual([config.config?.Env, config.history?.[0]?.comment], [['A=b'], 'by hand']);
    assert.deepEqual(lines[0], { status: `Downloading from ${server.url}${path}` });
    assert.deepEqual(lines.at(-1), { status: id });
    const size = path === '/gzip' ? gzipSync(one).length : one.length;
    const total = path === '/gzip' ? -1 : one.length;
    assert.equal(lines.at(-2)?.['status'], 'Importing');
    assert.deepEqual(lines.at(-2)?.['progressDetail'], { current: size, total });
  }
});

test('without a scheme it is http', async () => {
  await using server = await serve((_request, response) => void response.end(one));
  await using host = await imageHost();
  await importFrom(host, server.url.replace('http://', ''));
  assert.equal(host.stores.images.list().length, 1);
});

test('what gives no archive is a clear error, and leaves nothing', async () => {
  await using server = await serve((request, response) => {
    if (request.url === '/short')
      response.writeHead(200, { 'Content-Length': 90_000 }).write(one, () => response.destroy());
    else if (request.url === '/loop') response.writeHead(302, { Location: '/loop' }).end();
    else response.writeHead(Number(request.url?.slice(1)), 'Odd').end('said\u001b[31m\nso');
  });
  await using host = await imageHost();
  const before = await host.leftovers();
  for (const [source, expected] of [
    ['/404', { kind: 'notFound', message: `failed to GET ${server.url}/404 with status 404: said [31m so` }],
    ['/403', { kind: 'invalid' }],
    ['/500', { kind: 'unavailable' }],
    ['/loop', { message: /redirects without end/ }],
    ['/short', { kind: 'unavailable', message: /short broke off after 2048 bytes/ }],
    ['ftp://x/y', { kind: 'invalid', message: 'Get "ftp://x/y": unsupported protocol scheme "ftp"' }],
    ['http://', { kind: 'invalid', message: '"http://" is not a URL' }],
    ['http://127.0.0.1:1/x', { kind: 'unavailable', message: /dial tcp 127\.0\.0\.1:1: connect: connection refused/ }],
  ] as const) {
    await assert.rejects(importFrom(host, source.startsWith('/') ? server.url + source : source), expected, source);
  }
  // The options are checked first.
  await assert.rejects(importFrom(host, 'http://127.0.0.1:1/x', { changes: ['RUN x'] }), {
    message: /RUN is not a valid/,
  });
  assert.deepEqual(await host.leftovers(), before);
});
