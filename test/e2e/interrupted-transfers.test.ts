import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { type TerminalSession, terminal } from '../support/command.ts';
import { type FaultyRegistry, faultyRegistry } from '../support/faulty-registry.ts';
import { CLIS, type Cli, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const [cli = 'gantry'] = CLIS;
const LAYER_BYTES = 6_000_000;

/** An image of incompressible layers: what is counted at the registry is what was sent. */
function publish(registry: FaultyRegistry, layers = 1): { readonly name: string; readonly blobs: readonly string[] } {
  const repository = unique('big');
  const archives = Array.from({ length: layers }, () =>
    tarArchive([{ name: unique('f'), content: randomBytes(LAYER_BYTES) }]),
  );
  const image = registry.publish(repository, 'latest', archives);
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  return { name: `${registry.host}/${repository}:latest`, blobs: image.layers.map(digest) };
}

function inTerminal(cli: Cli, line: string): TerminalSession {
  const env = { DOCKER_HOST: engine().host };
  return terminal(`${cli === 'docker' ? 'docker' : 'bin/gantry'} ${line}`, { env, columns: 120, rows: 40 });
}

/** Requests for a layer, as `METHOD path [range]`. */
const requestsFor = (registry: FaultyRegistry, blob = ''): readonly string[] =>
  registry.journal.filter((line) => line.startsWith('GET') && line.includes(blob));

const partialDownloads = (): readonly string[] => readdirSync(join(engine().dataRoot, 'content/ingest'));

for (const cli of CLIS) {
  test(`${cli}: Ctrl-C ends a pull that nobody else waits for, and the next one goes on where it stopped`, async () => {
    await using registry = await faultyRegistry();
    const { name, blobs } = publish(registry);
    registry.slow = { chunkBytes: 65_536, delayMs: 10 };
    const gone = Promise.withResolvers<void>();
    registry.intercept = ({ kind, response, url }) => {
      if (kind === 'blobs' && url.pathname.includes(blobs[0] ?? ''))
        response.once('close', () => response.writableFinished || gone.resolve());
      return false;
    };
    {
      await using session = inTerminal(cli, `pull ${name}`);
      await session.until(/Downloading[^\r\n]*\[=+>/);
      session.write('\x03');
      assert.notEqual(await session.exited, 0);
    }
    await gone.promise;
    await eventually(async () => assert.equal(partialDownloads().length, 1));
    assert.equal((await engine().api('GET', `/images/${name}/json`)).status, 404);
    registry.slow = undefined;
    registry.intercept = () => false;
    const sent = registry.sentBytes;
    assert.match(await engine().ok(cli, ['pull', name]), /Pull complete[\s\S]*Status: Downloaded newer image/);
    assert.match(requestsFor(registry, blobs[0]).at(-1) ?? '', / bytes=[1-9]\d*-/);
    assert.ok(registry.sentBytes - sent < LAYER_BYTES, 'the rest alone');
    assert.deepEqual(partialDownloads(), []);
    await engine().ok(cli, ['rmi', name]);
  });

  test(`${cli}: of two pulls that share a download one leaves by Ctrl-C, the other gets it all`, async () => {
    await using registry = await faultyRegistry();
    const { name, blobs } = publish(registry);
    registry.slow = { chunkBytes: 65_536, delayMs: 10 };
    await using leaving = inTerminal(cli, `pull ${name}`);
    await leaving.until(/Downloading[^\r\n]*\[=+>/);
    await using staying = inTerminal(cli, `pull ${name}`);
    await staying.until(/Downloading[^\r\n]*\[=+>/);
    leaving.write('\x03');
    assert.notEqual(await leaving.exited, 0);
    assert.equal(await staying.exited, 0, staying.shown());
    assert.match(staying.shown(), /Status: Downloaded newer image/);
    assert.equal(requestsFor(registry, blobs[0]).length, 1);
    await engine().ok(cli, ['rmi', name]);
  });

  test(`${cli}: connections that break again and again do not stop a pull, nor send anything twice`, async () => {
    await using registry = await faultyRegistry();
    const { name, blobs } = publish(registry, 2);
    const pieces = new Map<string, number>();
    registry.intercept = ({ kind, url, response }) => {
      const blob = blobs.find((hex) => url.pathname.includes(hex));
      if (kind !== 'blobs' || blob === undefined) return false;
      pieces.set(blob, (pieces.get(blob) ?? 0) + 1);
      // Some of it on its way, then no more.
      const write = response.write.bind(response) as (chunk: Buffer) => boolean;
      let sent = 0;
      response.write = ((chunk: Buffer) => {
        sent += chunk.length;
        if (sent > 1_500_000) response.destroy();
        return write(chunk);
      }) as typeof response.write;
      return false;
    };
    registry.slow = { chunkBytes: 100_000, delayMs: 1 };
    assert.match(await engine().ok(cli, ['pull', name]), /Status: Downloaded newer image/);
    for (const blob of blobs) {
      const ranges = requestsFor(registry, blob).map((line) => Number(/ bytes=(\d+)-/.exec(line)?.[1] ?? 0));
      assert.ok((pieces.get(blob) ?? 0) >= 4, `${pieces.get(blob)} pieces`);
      assert.ok(
        ranges.every((from, at) => at === 0 || from > (ranges[at - 1] ?? 0)),
        `each goes on after the one before: ${ranges}`,
      );
    }
    await engine().ok(cli, ['rmi', name]);
  });

  test(`${cli}: a push whose connection breaks asks how far it got and sends the rest`, async () => {
    await using registry = await faultyRegistry();
    const repository = unique('pushed');
    const name = `${registry.host}/${repository}:1`;
    const source = publish(registry);
    await engine().ok(cli, ['pull', '-q', source.name]);
    await engine().ok(cli, ['tag', source.name, name]);
    let cuts = 0;
    registry.intercept = ({ kind, request, response, url }) => {
      // What another repository has would only be mounted.
      if (url.searchParams.has('mount')) {
        response.writeHead(405);
        response.end();
        return true;
      }
      if (kind !== 'uploads' || request.method !== 'PATCH' || cuts > 0) return false;
      if (Number(request.headers['content-length']) < LAYER_BYTES) return false;
      cuts += 1;
      let came = 0;
      registry.keepUpload(url, request);
      request.on('data', (chunk: Buffer) => {
        came += chunk.length;
        if (came > 2_000_000) request.socket.destroy();
      });
      return true;
    };
    const before = registry.journal.length;
    assert.match(await engine().ok(cli, ['push', name]), /1: digest: sha256:[0-9a-f]{64} size: \d+/);
    assert.equal(cuts, 1);
    const uploads = registry.journal.slice(before).filter((line) => line.includes(`${repository}/blobs/uploads/`));
    assert.ok(
      uploads.some((line) => line.startsWith('GET')),
      `asked how far: ${uploads.join('\n')}`,
    );
    assert.ok(registry.blobs.has(`sha256:${source.blobs[0]}`));
    await engine().ok(cli, ['rmi', name, source.name]);
  });

  test(`${cli}: Ctrl-C ends a push, and the next one ends it well`, async () => {
    await using registry = await faultyRegistry();
    const name = `${registry.host}/${unique('stopped')}:1`;
    await engine().ok(cli, ['tag', 'busybox:latest', name]);
    const sending = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    registry.intercept = ({ kind, request, response }) => {
      if (kind !== 'uploads' || request.method !== 'PATCH') return false;
      response.once('close', () => gone.resolve());
      // Node sees the end of a connection only while it reads: a body that waits unread would hide it.
      request.resume();
      sending.resolve();
      return true; // And never answers.
    };
    {
      await using session = inTerminal(cli, `push ${name}`);
      const early = session.exited.then((code) =>
        assert.fail(`ended with ${code} before an upload: ${session.shown()}`),
      );
      await Promise.race([sending.promise, early]);
      early.catch(() => undefined);
      session.write('\x03');
      const code = await session.exited;
      // docker 28 ends with 0 when it notices its own cancellation before the signal.
      if (cli === 'gantry') assert.notEqual(code, 0);
    }
    await gone.promise;
    registry.intercept = () => false;
    assert.match(await engine().ok(cli, ['push', name]), /1: digest: sha256:/);
    await engine().ok(cli, ['rmi', name]);
  });
}

test('in a terminal gantry draws bars, rates and totals; without one it prints each step once, in plain lines', async () => {
  await using registry = await faultyRegistry();
  const { name, blobs } = publish(registry, 5);
  registry.slow = { chunkBytes: 131_072, delayMs: 5 };
  await using session = inTerminal('gantry', `pull ${name}`);
  await session.until(/: Waiting/);
  await session.until(/: Downloading \[=+> +\] +[\d.]+MB\/6\.\d+MB +[\d.]+[kM]B\/s/);
  await session.until(/Total: [\d.]+MB\/[\d.]+MB +[\d.]+[kM]B\/s/);
  assert.equal(await session.exited, 0);
  assert.match(
    session.shown(),
    /Total: 30\.\d+MB in [\d.]+s, [\d.]+[kM]B\/s[\s\S]*Digest: sha256:[\s\S]*Status: Downloaded/,
  );

  await engine().ok(cli, ['rmi', name]);
  registry.slow = undefined;
  const { stdout } = await engine().gantry(['pull', name]);
  assert.ok(!stdout.includes('\x1b') && !stdout.includes('\r'), 'nothing is drawn over');
  const lines = stdout.trimEnd().split('\n');
  for (const blob of blobs) {
    const own = lines.filter((line) => line.startsWith(`${blob.slice(0, 12)}: `)).map((line) => line.slice(14));
    assert.deepEqual(
      own.filter((line) => line !== 'Waiting'),
      ['Pulling fs layer', 'Verifying Checksum', 'Download complete', 'Pull complete'],
    );
  }
  assert.equal(lines.filter((line) => line.endsWith(': Waiting')).length, 2, 'three downloads run at a time');
  assert.deepEqual(lines.slice(-2), [`Status: Downloaded newer image for ${name}`, name]);
  await engine().ok(cli, ['rmi', name]);
});

test('progress comes while a layer is downloaded and while it is unpacked, never more than its size', async () => {
  await using registry = await faultyRegistry();
  const { name, blobs } = publish(registry, 1);
  registry.slow = { chunkBytes: 262_144, delayMs: 10 };
  const { body } = await engine().api('POST', `/images/create?fromImage=${encodeURIComponent(name)}`);
  const messages = body
    .trim()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as { id?: string; status: string; progressDetail?: { current: number; total: number } },
    );
  const own = messages.filter(({ id }) => id === blobs[0]?.slice(0, 12));
  for (const status of ['Downloading', 'Extracting']) {
    const bars = own.filter((message) => message.status === status).map(({ progressDetail }) => progressDetail);
    const currents = bars.map((bar) => bar?.current ?? -1);
    assert.deepEqual(
      currents,
      currents.toSorted((a, b) => a - b),
      status,
    );
    assert.ok(
      bars.every((bar) => bar !== undefined && bar.current <= bar.total && bar.total > LAYER_BYTES),
      status,
    );
    assert.equal(currents.at(-1), bars[0]?.total, `${status} ends full`);
  }
  assert.ok(own.filter(({ status }) => status === 'Downloading').length >= 3);
  await engine().ok(cli, ['rmi', name]);
});
