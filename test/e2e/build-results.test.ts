import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { type CommandResult, command } from '../support/command.ts';
import { type DebianRegistry, debianRegistry } from '../support/debian-registry.ts';
import { unique, useEngine } from '../support/fixture.ts';
import { gantryRegistry } from '../support/gantry-registry.ts';
import { peer } from '../support/peer.ts';

// What builds push is read by others: skopeo, dockerd where one runs, and buildx's imagetools.
const engine = useEngine();
const dockerd = await peer('dockerd');

/** For any platform without emulation. The result runs on the host's. */
const DOCKERFILE = `FROM --platform=$BUILDPLATFORM busybox AS made
ARG TARGETARCH
RUN mkdir -p /out/dir && echo "for $TARGETARCH" >/out/dir/file && chown 7:8 /out/dir/file && ln -s dir/file /out/link
FROM scratch
COPY --from=made /bin /bin
COPY --from=made /out /
ENV COLOR=green
CMD ["/bin/cat", "/link"]
`;
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64';
const OUTPUT = `for ${ARCHITECTURE}`;

interface Case {
  readonly client: 'buildx' | 'gantry' | 'classic';
  readonly flags: (name: string) => readonly string[];
  /** Media types of the layers, or the number of manifests in an index. */
  readonly shape: RegExp;
}

const image = (attrs: string) => (name: string) => [
  '--provenance=false',
  '-o',
  `type=image,name=${name},push=true${attrs}`,
];

const CASES: Readonly<Record<string, Case>> = {
  'one platform': {
    client: 'buildx',
    flags: (name) => ['--push', '--provenance=false', '-t', name],
    shape: /^application\/vnd\.oci\.image\.layer\.v1\.tar\+gzip$/,
  },
  'one platform with provenance': {
    client: 'buildx',
    flags: (name) => ['--push', '--provenance=mode=max', '-t', name],
    shape: /^2 manifests$/,
  },
  'several platforms with provenance': {
    client: 'buildx',
    flags: (name) => ['--push', '--platform', 'linux/amd64,linux/arm64', '-t', name],
    shape: /^4 manifests$/,
  },
  'layers of zstd': {
    client: 'buildx',
    flags: image(',compression=zstd,force-compression=true'),
    shape: /\+zstd$/,
  },
  'media types of Docker': {
    client: 'buildx',
    flags: image(',oci-mediatypes=false'),
    shape: /^application\/vnd\.docker\.image\.rootfs\.diff\.tar\.gzip$/,
  },
  'gantry build': { client: 'gantry', flags: (name) => ['--push', '-t', name], shape: /./ },
  'the classic builder': { client: 'classic', flags: (name) => ['-t', name], shape: /gzip$/ },
};

let registry: DebianRegistry;
before(async () => {
  registry = await debianRegistry();
});
after(() => registry[Symbol.asyncDispose]());

function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-results-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

async function ok(result: Promise<CommandResult>): Promise<string> {
  const { code, stdout, stderr } = await result;
  assert.equal(code, 0, stderr + stdout);
  return stdout.trim();
}

async function build(t: TestContext, { client, flags }: Case, name: string): Promise<void> {
  const text = client === 'classic' ? DOCKERFILE.replace('--platform=$BUILDPLATFORM ', '') : DOCKERFILE;
  const context = folder(t, { Dockerfile: text });
  if (client === 'buildx') {
    const env = { DOCKER_CONFIG: pluginConfig(folder(t), 'new') };
    await ok(engine().docker(['buildx', 'build', ...flags(name), context], { env }));
  } else if (client === 'gantry') await ok(engine().gantry(['build', ...flags(name), context]));
  else {
    const args = ['--build-arg', `TARGETARCH=${ARCHITECTURE}`, ...flags(name), context];
    await ok(engine().docker(['build', ...args], { env: { DOCKER_BUILDKIT: '0' } }));
    await engine().ok('gantry', ['push', name]);
  }
}

const skopeo = (...args: readonly string[]): Promise<string> => ok(command('skopeo', ['--insecure-policy', ...args]));

for (const [what, given] of Object.entries(CASES)) {
  const skip = given.client === 'buildx' && lacksPlugins('new');
  test(`others read and run what a build pushed: ${what}`, { skip }, async (t) => {
    const name = `${registry.host}/${unique('result')}:1`;
    await build(t, given, name);
    const raw = JSON.parse(await skopeo('inspect', '--tls-verify=false', '--raw', `docker://${name}`));
    const shape = raw.manifests === undefined ? raw.layers.at(-1).mediaType : `${raw.manifests.length} manifests`;
    assert.match(shape, given.shape);
    // It checks every digest, those of the layers as tars included.
    await skopeo('copy', '-q', '--all', '--src-tls-verify=false', `docker://${name}`, `oci:${folder(t)}:x`);
    const config = JSON.parse(await skopeo('inspect', '--tls-verify=false', '--config', `docker://${name}`));
    assert.deepEqual(config.config.Env.at(-1), 'COLOR=green');
    await engine().gantry(['rmi', '-f', name]);
    assert.equal(await engine().ok('gantry', ['run', '--rm', '--pull', 'always', name]), OUTPUT);
    if (dockerd.skip === false) {
      const host = ['-H', `unix://${dockerd.socket}`];
      const shown = ['/bin/sh', '-c', 'cat /link; ls -n /dir/file'];
      const ran = await ok(command('docker', [...host, 'run', '--rm', '-q', '--pull', 'always', name, ...shown]));
      assert.match(ran, new RegExp(`^${OUTPUT}\n-rw-r--r-- +1 7 +8 `));
      await ok(command('docker', [...host, 'rmi', '-f', name]));
    } else t.diagnostic(dockerd.skip);
    await engine().ok('gantry', ['rmi', '-f', name]);
  });
}

test('buildx imagetools shows and joins images of our registry', { skip: lacksPlugins('new') }, async (t) => {
  await using ours = await gantryRegistry();
  const env = { DOCKER_CONFIG: pluginConfig(folder(t), 'new') };
  const buildx = (...args: readonly string[]): Promise<string> => ok(engine().docker(['buildx', ...args], { env }));
  const name = `${ours.host}/${unique('joined')}`;
  const context = folder(t, { Dockerfile: DOCKERFILE });
  for (const arch of ['amd64', 'arm64']) {
    await buildx('build', '--push', '--platform', `linux/${arch}`, '-t', `${name}:${arch}`, context);
  }
  await buildx('imagetools', 'create', '-t', `${name}:all`, `${name}:amd64`, `${name}:arm64`);
  const shown = await buildx('imagetools', 'inspect', `${name}:all`);
  for (const arch of ['amd64', 'arm64']) assert.match(shown, new RegExp(`Platform: +linux/${arch}`));
  for (const image of [`${name}:all`, `${name}:amd64`, `${name}@${/Digest: +(\S+)/.exec(shown)?.[1]}`]) {
    for (const flags of [[], ['--raw']]) {
      const own = await engine().ok('gantry', ['buildx', 'imagetools', 'inspect', ...flags, image]);
      // buildx prints annotations in any order.
      const lines = (text: string) =>
        text
          .split('\n')
          .map((line) => line.trimEnd())
          .filter((line) => line !== '')
          .sort();
      assert.deepEqual(lines(own), lines(await buildx('imagetools', 'inspect', ...flags, image)));
    }
  }
  const index = JSON.parse(await buildx('imagetools', 'inspect', '--raw', `${name}:all`));
  assert.equal(index.manifests.length, 4);
  const provenance = await buildx('imagetools', 'inspect', `${name}:all`, '--format', '{{ json .Provenance }}');
  assert.match(provenance, /"linux\/arm64"/);
  const { image } = JSON.parse(await buildx('imagetools', 'inspect', `${name}:arm64`, '--format', '{{ json . }}'));
  assert.equal((image['linux/arm64'] ?? image).architecture, 'arm64');
  await buildx('imagetools', 'create', '--append', '-t', `${name}:arm64`, `${name}:amd64`);
  assert.equal(await engine().ok('gantry', ['run', '--rm', '--pull', 'always', `${name}:arm64`]), OUTPUT);
  await engine().ok('gantry', ['rmi', '-f', `${name}:amd64`, `${name}:arm64`]);
});
