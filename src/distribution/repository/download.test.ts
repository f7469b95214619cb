import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { type FaultyRegistry, faultyRegistry, sendError } from '../../../test/support/faulty-registry.ts';
import { blobOf, memorySink, never, openTestRepository } from '../../../test/support/repository.ts';

const content = randomBytes(300_000);
const blob = blobOf(content);

async function registryWithBlob(): Promise<FaultyRegistry> {
  const registry = await faultyRegistry();
  registry.publish('app', 'latest', [content], { compress: (layer) => layer });
  return registry;
}

/** Sends a part of the blob as if it were all, and cuts the connection. */
function cut(response: ServerResponse, from: number, bytes: number): void {
  const head = from === 0 ? {} : { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
  response.writeHead(from === 0 ? 200 : 206, { 'content-length': content.length - from, ...head });
  response.write(content.subarray(from, from + bytes), () => response.destroy());
}

function rangeStart(header: string | undefined): number {
  return Number(/^bytes=(\d+)-/.exec(header ?? '')?.[1] ?? 0);
}

test('a connection that is reset in the middle again and again is taken up where it broke', async () => {
  await using registry = await registryWithBlob();
  await using client = openTestRepository(registry.host, 'app');
  registry.intercept = ({ request, response, kind }) => {
    const from = rangeStart(request.headers.range);
    if (kind !== 'blobs' || from > 250_000) return false;
    cut(response, from, 30_000);
    return true;
  };
  const sink = memorySink();
  await client.repository.download(blob, sink, never);
  assert.ok(sink.bytes().equals(content));
  assert.ok(registry.journal.filter((line) => line.includes('bytes=')).length >= 8, 'more breaks than attempts');
});

test('a body that ends too early is an interruption, one that never gets further an error', async () => {
  await using registry = await registryWithBlob();
  await using client = openTestRepository(registry.host, 'app');
  registry.intercept = ({ response, kind }) => {
    if (kind !== 'blobs') return false;
    response.writeHead(200);
    response.end(content.subarray(0, 1000));
    return true;
  };
  const sink = memorySink();
  await assert.rejects(client.repository.download(blob, sink, never), {
    kind: 'unavailable',
    message: `download of ${blob.digest} stopped at 1000 of 300000 bytes`,
  });
});

test('a server without ranges is read from its start again, and what is there already skipped', async () => {
  await using registry = await registryWithBlob();
  await using client = openTestRepository(registry.host, 'app');
  registry.intercept = ({ request }) => {
    delete request.headers.range;
    return false;
  };
  const sink = memorySink(content.subarray(0, 100_001));
  await client.repository.download(blob, sink, never);
  assert.ok(sink.bytes().equals(content));
});

test('a server that answers with another range is asked for everything', async () => {
  await using registry = await registryWithBlob();
  await using client = openTestRepository(registry.host, 'app');
  registry.intercept = ({ request, response, kind }) => {
    if (kind !== 'blobs' || request.headers.range === undefined) return false;
    response.writeHead(206, { 'content-range': `bytes 5-${content.length - 1}/${content.length}` });
    response.end(content.subarray(5));
    return true;
  };
  const sink = memorySink(content.subarray(0, 100_000));
  await client.repository.download(blob, sink, never);
  assert.ok(sink.bytes().equals(content));
});

test('more bytes than the descriptor says are refused as soon as they come', async () => {
  await using registry = await registryWithBlob();
  await using client = openTestRepository(registry.host, 'app');
  registry.intercept = ({ response, kind }) => {
    if (kind !== 'blobs') return false;
    const endless = (): void => {
      if (!response.destroyed) response.write(randomBytes(65_536), endless);
    };
    endless();
    return true;
  };
  const sink = memorySink();
  await assert.rejects(client.repository.download(blob, sink, never), { kind: 'invalid' });
  assert.ok(sink.offset <= blob.size);
});

test('429 and 503 are tried again after the time that the server names', async () => {
  await using registry = await registryWithBlob();
  await using client = openTestRepository(registry.host, 'app');
  let refusals = 0;
  registry.intercept = ({ response }) => {
    refusals += 1;
    if (refusals > 2) return false;
    response.writeHead(refusals === 1 ? 429 : 503, { 'retry-after': refusals === 1 ? '0' : new Date().toUTCString() });
    response.end('busy');
    return true;
  };
  const sink = memorySink();
  await client.repository.download(blob, sink, never);
  assert.ok(sink.bytes().equals(content));
});

test('a server that stays busy is given up, with what it said', async () => {
  await using registry = await registryWithBlob();
  await using client = openTestRepository(registry.host, 'app');
  registry.intercept = ({ response }) => {
    sendError(response, 429, 'TOOMANYREQUESTS', 'You have reached your pull rate limit.');
    return true;
  };
  await assert.rejects(client.repository.manifest('latest', never), {
    kind: 'unavailable',
    message: 'toomanyrequests: You have reached your pull rate limit.',
  });
  assert.equal(registry.journal.length, 4);
});

test('a blob that lies on another host is fetched there, without the credentials for this one', async () => {
  await using registry = await registryWithBlob();
  await using storage = await faultyRegistry();
  storage.intercept = ({ response }) => {
    response.end(content);
    return true;
  };
  registry.intercept = ({ request, response, kind }) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' });
      response.end();
      return true;
    }
    if (kind !== 'blobs') return false;
    response.writeHead(307, { location: `http://${storage.host}/signed?signature=s3cret` });
    response.end();
    return true;
  };
  const credentials = { kind: 'password', username: 'ann', password: 'pa55' } as const;
  await using client = openTestRepository(registry.host, 'app', { credentials });
  const sink = memorySink();
  await client.repository.download(blob, sink, never);
  assert.ok(sink.bytes().equals(content));
  assert.equal(registry.authorizations.length, 1);
  assert.deepEqual(storage.authorizations, []);
});

test('redirects without end and to nowhere are errors', async () => {
  await using registry = await registryWithBlob();
  await using client = openTestRepository(registry.host, 'app');
  registry.intercept = ({ response, url }) => {
    response.writeHead(302, { location: url.pathname });
    response.end();
    return true;
  };
  await assert.rejects(client.repository.download(blob, memorySink(), never), /redirects without end/);
  registry.intercept = ({ response }) => {
    response.writeHead(302, { location: 'file:///etc/passwd' });
    response.end();
    return true;
  };
  await assert.rejects(client.repository.download(blob, memorySink(), never), /redirects to nowhere/);
});

test('cancelling ends a slow download at once and closes its connection', async () => {
  await using registry = await registryWithBlob();
  await using client = openTestRepository(registry.host, 'app');
  registry.slow = { chunkBytes: 1000, delayMs: 5 };
  const abort = new AbortController();
  const sink = memorySink();
  const first = Promise.withResolvers<void>();
  const watched = {
    get offset() {
      return sink.offset;
    },
    async write(chunk: Uint8Array) {
      await sink.write(chunk);
      first.resolve();
    },
  };
  const download = client.repository.download(blob, watched, abort.signal);
  await first.promise;
  abort.abort();
  await assert.rejects(download, { kind: 'cancelled' });
  assert.ok(sink.offset < blob.size);
});
