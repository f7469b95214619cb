import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { config, json, Layout } from '../support/archives.ts';
import { busyboxRootfs, imageArchive, tarArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { debianRegistry } from '../support/debian-registry.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';
import { peer } from '../support/peer.ts';

const engine = useEngine();
const folder = mkdtempSync(join(tmpdir(), 'gantry-save-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Two platforms, the host's with gzip layers, and an attestation of that one. */
function multiPlatform(name: string): { readonly archive: Buffer; readonly digest: string; readonly intel: string } {
  const layout = new Layout();
  const rootfs = busyboxRootfs();
  const other = tarArchive([{ name: 'other', content: 'platform' }]);
  const platform = (architecture: string): object => ({ platform: { os: 'linux', architecture } });
  const intel = layout.image([rootfs], config([rootfs]), [gzipSync(rootfs, { level: 1 })]);
  const ppc = layout.image([other], config([other], { architecture: 'ppc64le', history: [{ created_by: 'other' }] }));
  const statement = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: layout.blob('{"rootfs":{"diff_ids":[]}}', 'application/vnd.oci.image.config.v1+json'),
    layers: [layout.blob('{"predicateType":"x"}', 'application/vnd.in-toto+json')],
  };
  const about = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': intel.digest };
  const index = layout.index([
    { ...ppc, ...platform('ppc64le') },
    { ...intel, ...platform('amd64') },
    { ...layout.blob(json(statement), statement.mediaType), ...platform('unknown'), annotations: about },
  ]);
  layout.listed.push({ ...index, annotations: { 'io.containerd.image.name': `docker.io/library/${name}` } });
  return { archive: layout.archive(), digest: index.digest, intel: intel.digest };
}

async function listed(path: string): Promise<{ readonly digest: string }[]> {
  const { stdout } = await command('tar', ['-xOf', path, 'index.json']);
  return (JSON.parse(stdout) as { manifests: { digest: string }[] }).manifests;
}

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);

  test(`${cli} save and load: backup, removal and restore of several images, which run again`, async () => {
    const [a, b] = [unique('backup'), unique('backup')];
    const path = join(folder, unique('backup'));
    await ok('tag', 'busybox', `${a}:1`);
    await ok('tag', 'busybox', `${a}:2`);
    const layers = [busyboxRootfs(), tarArchive([{ name: 'marker', content: b }])];
    await engine().ok(cli, ['load', '-q'], {
      input: imageArchive({ tags: [`${b}:x`], layers, config: { Cmd: ['sh'] } }),
    });
    const ids = [await ok('images', '-q', '--no-trunc', `${a}:1`), await ok('images', '-q', '--no-trunc', b)];
    await ok('save', '-o', path, a, `${b}:x`);
    await ok('rmi', `${a}:1`, `${a}:2`, `${b}:x`);
    assert.deepEqual((await ok('load', '-i', path)).split('\n').sort(), [
      `Loaded image: ${a}:1`,
      `Loaded image: ${a}:2`,
      `Loaded image: ${b}:x`,
    ]);
    assert.deepEqual(
      [await ok('images', '-q', '--no-trunc', `${a}:2`), await ok('images', '-q', '--no-trunc', b)],
      ids,
    );
    assert.equal(await ok('run', '--rm', `${b}:x`, 'cat', '/marker'), b);
    await ok('rmi', `${a}:1`, `${a}:2`, `${b}:x`);
  });

  test(`${cli} save by id has no name, save to a pipe is the same as to a file`, async () => {
    const name = unique('piped');
    const path = join(folder, unique('piped'));
    await ok('tag', 'busybox', name);
    const id = await ok('images', '-q', '--no-trunc', name);
    await ok('save', '-o', path, name);
    const piped = `${path}.piped`;
    const through = cli === 'docker' ? 'docker' : join(import.meta.dirname, '../../bin/gantry');
    const result = await command('sh', ['-c', `"${through}" save "${name}" > "${piped}"`], {
      env: { DOCKER_HOST: engine().host },
    });
    assert.equal(result.code, 0, result.stderr);
    assert.ok(readFileSync(piped).equals(readFileSync(path)));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await ok('save', '-o', path, id);
    assert.equal((await command('tar', ['-tf', path, 'repositories'])).code, 2);
    assert.equal(await ok('load', '-q', '-i', path), `Loaded image ID: ${id}`);
    await ok('rmi', name);
  });

  test(`${cli} save of what is not there, or to what is not a file, says so and writes nothing`, async () => {
    const path = join(folder, unique('refused'));
    const link = `${path}.link`;
    symlinkSync(path, link);
    const before = readdirSync(folder);
    for (const [args, message] of [
      [['-o', path, 'busybox', 'no/such:image'], /No such image: no\/such:image/],
      [['-o', path, 'UPPER'], /must be lowercase/],
      [['-o', `${path}/x`, 'busybox'], /invalid output path: stat .*: no such file or directory/],
      [['-o', folder, 'busybox'], /cannot write to a directory/],
      [['-o', link, 'busybox'], /cannot write to a symbolic link directly/],
      [['-o', '/dev/full', 'busybox'], /cannot write to a character device file/],
    ] as const) {
      const result = await engine()[cli](['save', ...args]);
      assert.equal(result.code, 1);
      assert.match(result.stderr, message);
    }
    assert.deepEqual(readdirSync(folder), before);
    assert.equal(statSync('/dev/full').isCharacterDevice(), true);
  });

  test(`${cli} save and load keep an index with its platforms and attestation, digest for digest`, async () => {
    const name = `${unique('multi')}:1`;
    const { archive, digest } = multiPlatform(name);
    const path = join(folder, unique('multi'));
    assert.equal(await engine().ok(cli, ['load', '-q'], { input: archive }), `Loaded image: ${name}`);
    await ok('save', '-o', path, name);
    assert.deepEqual(
      (await listed(path)).map((each) => each.digest),
      [digest],
    );
    const files = (await command('tar', ['-tf', path])).stdout.split('\n');
    // Two images of three blobs each, the attestation's three, the index.
    assert.equal(files.filter((file) => /^blobs\/sha256\/./.test(file)).length, 10);
    await ok('rmi', name);
    await ok('load', '-q', '-i', path);
    assert.equal(await ok('run', '--rm', name, 'echo', 'again'), 'again');
    const again = join(folder, unique('again'));
    await ok('save', '-o', again, name);
    assert.ok(readFileSync(again).equals(readFileSync(path)));
    const tree = await ok('images', '--tree', name);
    assert.match(tree, /├─ linux\/ppc64le .*\n└─ linux\/amd64 /);
    await ok('rmi', name);
  });

  test(`${cli} import fetches an archive by URL`, async () => {
    const name = unique('fetched');
    const rootfs = gzipSync(busyboxRootfs(), { level: 1 });
    const server = createServer((asked, response) => {
      if (asked.url === '/rootfs.tar.gz') response.end(rootfs);
      else response.writeHead(404).end('nothing here');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const out = await ok(
        'import',
        '-c',
        'CMD ["echo", "fetched"]',
        '--platform',
        'linux/amd64',
        `${url}/rootfs.tar.gz`,
        name,
      );
      assert.match(out, /^Downloading from http:[^\n]*\n(?:.*\n)*sha256:[0-9a-f]{64}$/);
      assert.equal(await ok('run', '--rm', name), 'fetched');
      const missing = await engine()[cli](['import', `${url}/none`, name]);
      assert.deepEqual(
        [missing.code, missing.stderr.trim()],
        [1, `Error response from daemon: failed to GET ${url}/none with status 404: nothing here`],
      );
      await ok('rmi', name);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

for (const cli of CLIS) {
  test(`${cli}: save, load, history, inspect and rmi of one platform of several`, async () => {
    const name = `${unique('part')}:1`;
    const { archive, intel } = multiPlatform(name);
    const path = join(folder, unique('part'));
    const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
    const absent = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await engine()[cli](args, { input: archive });
      assert.equal(code, 1);
      return stderr;
    };
    await engine().ok(cli, ['load', '-q'], { input: archive });
    await ok('save', '--platform', 'linux/amd64', '-o', path, name);
    assert.deepEqual(
      (await listed(path)).map(({ digest }) => digest),
      [intel],
    );
    assert.match(
      await absent('save', '--platform', 'linux/s390x', '-o', path, name),
      /does not provide the specified platform \(linux\/s390x\)/,
    );
    for (const architecture of ['amd64', 'ppc64le']) {
      const shown = ['image', 'inspect', '--platform', `linux/${architecture}`, '-f', '{{.Architecture}}', name];
      assert.equal(await ok(...shown), architecture);
    }
    const steps = async (platform: string): Promise<string> =>
      ok('history', '--platform', platform, '--format', '{{.CreatedBy}}', name);
    assert.deepEqual([await steps('linux/ppc64le'), await steps('linux/amd64')], ['other', '']);
    assert.match(
      await absent('history', '--platform', 'linux/s390x', name),
      /does not provide the specified platform \(linux\/s390x\)/,
    );
    assert.match(await ok('rmi', '--platform', 'linux/ppc64le', name), /^Deleted: sha256:/);
    await absent('rmi', '--platform', 'linux/ppc64le', name);
    assert.equal(await ok('run', '--rm', name, 'echo', 'still here'), 'still here');
    await ok('rmi', name);
    await engine().ok(cli, ['load', '-q', '--platform', 'linux/ppc64le'], { input: archive });
    assert.equal(await ok('image', 'inspect', '-f', '{{.Architecture}}', name), 'ppc64le');
    await ok('rmi', name);
    const refused = await absent('load', '-q', '--platform', 'linux/s390x');
    assert.match(refused, /requested platform \(linux\/s390x\) is not in the archive/);
  });
}

test('the digest by which a registry knows an image survives save and load', async () => {
  await using registry = await debianRegistry();
  const name = `${registry.host}/${unique('digested')}`;
  const ok = (...args: string[]): Promise<string> => engine().ok('gantry', args);
  await ok('tag', 'busybox', `${name}:1`);
  await ok('push', '-q', `${name}:1`);
  await ok('rmi', `${name}:1`);
  await ok('pull', '-q', `${name}:1`);
  const digests = await ok('image', 'inspect', '-f', '{{json .RepoDigests}}', `${name}:1`);
  const [digest] = JSON.parse(digests) as string[];
  const path = join(folder, unique('digested'));
  await ok('save', '-o', path, `${name}:1`);
  await ok('rmi', `${name}:1`);
  assert.equal(await ok('load', '-q', '-i', path), `Loaded image: ${name}:1`);
  assert.equal(await ok('image', 'inspect', '-f', '{{json .RepoDigests}}', `${name}:1`), digests);
  assert.equal(await ok('run', '--rm', '--pull', 'never', digest ?? '', 'echo', 'by digest'), 'by digest');
  await ok('save', '-o', path, digest ?? '');
  await ok('rmi', `${name}:1`);
  assert.match(await ok('load', '-q', '-i', path), /^Loaded image ID: sha256:/);
  await ok('rmi', digest ?? '');
});

test('skopeo reads what was saved, as docker-archive and as oci-archive', async (t) => {
  if ((await command('sh', ['-c', 'command -v skopeo'])).code !== 0) return t.skip('no skopeo on this machine');
  const name = `${unique('skopeo')}:1`;
  const { archive, intel } = multiPlatform(name);
  const path = join(folder, unique('skopeo'));
  await engine().ok('gantry', ['load', '-q'], { input: archive });
  await engine().ok('gantry', ['save', '-o', path, name]);
  const into = (kind: string): string => join(folder, unique(kind));
  const [docker, oci] = [into('docker'), into('oci')];
  for (const args of [
    [`docker-archive:${path}:${name}`, `dir:${docker}`],
    [`oci-archive:${path}:1`, `dir:${oci}`],
  ]) {
    const copied = await command('skopeo', ['--insecure-policy', 'copy', '--preserve-digests', ...args]);
    if (args[0]?.startsWith('oci')) assert.equal(copied.code, 0, copied.stderr);
    else assert.equal((await command('skopeo', ['--insecure-policy', 'copy', ...args])).code, 0);
  }
  const configs = [docker, oci].map((at) => JSON.parse(readFileSync(join(at, 'manifest.json'), 'utf8')).config.digest);
  assert.equal(configs[0], configs[1]);
  const { stdout } = await command('sha256sum', [join(oci, 'manifest.json')]);
  assert.equal(`sha256:${stdout.slice(0, 64)}`, intel);
  await engine().ok('gantry', ['rmi', name]);
});

for (const name of ['dockerd', 'podman'] as const) {
  const { socket, skip } = await peer(name);

  test(`${name} loads what was saved, and what it saves is loaded with the same ids`, { skip }, async () => {
    const repository = unique('exchanged');
    const from = join(folder, unique('exchanged'));
    const theirs = async (...args: string[]): Promise<string> => {
      const result = await command('docker', ['-H', `unix://${socket}`, ...args]);
      assert.equal(result.code, 0, `${name} ${args.join(' ')}: ${result.stderr}`);
      return result.stdout.trim();
    };
    const { archive } = multiPlatform(`${repository}:packed`);
    await engine().ok('gantry', ['load', '-q'], { input: archive });
    await engine().ok('gantry', ['tag', 'busybox', `${repository}:plain`]);
    const tags = ['packed', 'plain'].map((tag) => `${repository}:${tag}`);
    const ids = await Promise.all(tags.map((tag) => engine().ok('gantry', ['images', '-q', '--no-trunc', tag])));
    await engine().ok('gantry', ['save', '-o', from, repository]);
    try {
      await theirs('load', '-q', '-i', from);
      for (const [index, tag] of tags.entries()) {
        assert.equal(await theirs('image', 'inspect', '-f', '{{.Id}}', tag), ids[index]);
        assert.equal(await theirs('run', '--rm', tag, 'echo', tag), tag);
      }
      await engine().ok('gantry', ['rmi', ...tags]);
      const back = join(folder, unique('back'));
      // podman prefixes names without a registry with localhost/.
      const saved = tags.map((tag) => (name === 'podman' ? `localhost/${tag}` : tag));
      await theirs('save', '-o', back, ...saved);
      await engine().ok('gantry', ['load', '-q', '-i', back]);
      for (const [index, tag] of saved.entries()) {
        assert.equal(await engine().ok('gantry', ['images', '-q', '--no-trunc', tag]), ids[index]);
        assert.equal(await engine().ok('gantry', ['run', '--rm', tag, 'echo', tag]), tag);
      }
      await engine().ok('gantry', ['rmi', ...saved]);
    } finally {
      await theirs('rmi', '-f', ...tags);
    }
  });
}

test('a client that goes in the middle frees the image, and the engine works on', async () => {
  const name = unique('leaving');
  const big = tarArchive([{ name: 'big', content: Buffer.alloc(64 << 20, 'big ') }]);
  await engine().ok('gantry', ['load', '-q'], {
    input: imageArchive({ tags: [`${name}:1`], layers: [big], config: {} }),
  });
  const blobs = join(engine().dataRoot, 'content/blobs/sha256');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const asked = request({ socketPath: engine().socketPath, path: `/images/${name}:1/get` }, (response) => {
    response.once('data', () => {
      response.pause();
      resolve();
    });
  });
  asked.on('error', reject).end();
  await promise;
  const before = readdirSync(blobs).length;
  await engine().ok('gantry', ['rmi', `${name}:1`]);
  assert.equal(readdirSync(blobs).length, before, 'kept while it is sent');
  asked.on('error', () => {}).destroy();
  await eventually(async () => assert.equal(readdirSync(blobs).length, before - 3));
  await engine().ok('gantry', ['save', '-o', join(folder, unique('after')), 'busybox']);
});

test('a blob that is missing is told before the first byte', async () => {
  const name = unique('broken');
  const layer = tarArchive([{ name: 'broken', content: name }]);
  await engine().ok('gantry', ['load', '-q'], {
    input: imageArchive({ tags: [`${name}:1`], layers: [layer], config: {} }),
  });
  const path = join(folder, unique('broken'));
  await engine().ok('gantry', ['save', '-o', path, name]);
  const [item] = JSON.parse((await command('tar', ['-xOf', path, 'manifest.json'])).stdout) as { Layers: string[] }[];
  const blob = join(engine().dataRoot, 'content', item?.Layers[0] ?? 'none');
  rmSync(blob);
  const answer = await engine().api('GET', `/images/${name}:1/get`);
  assert.equal(answer.status, 404);
  assert.match(answer.body, /blob sha256:[0-9a-f]{64} is missing: pull or load the image again/);
  writeFileSync(blob, layer);
  await engine().ok('gantry', ['rmi', name.concat(':1')]);
});
