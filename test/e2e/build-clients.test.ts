import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { tarArchive } from '../support/busybox-image.ts';
import { debianRegistry } from '../support/debian-registry.ts';
import { unique, useEngine } from '../support/fixture.ts';
import { send } from '../support/send.ts';

// Libraries that build by `POST /build`, with the classic builder and with BuildKit's (`version=2`).
const engine = useEngine();

/** Needs BuildKit: the classic builder refuses mounts. */
const MOUNTING = 'FROM busybox AS base\nARG A=unset\nRUN --mount=type=cache,target=/c echo $A >/c/f; cp /c/f /f\n';

/** The password of bob is secret. */
const HTPASSWD = 'bob:$2y$05$XoV066GfonC1TI807FmKSe8xd/tfLySwxAbGpPs4NGdDhU1zIJbUG\n';

interface Event {
  readonly error?: string;
}

/** Builds with dockerode, which reads BuildKit's progress, and serves credentials by a session of its own. */
async function build(
  dockerfile: string,
  options: Record<string, unknown>,
): Promise<{ readonly events: readonly Event[] }> {
  const docker = new Docker({ socketPath: engine().socketPath });
  const context = pack();
  context.entry({ name: 'Dockerfile' }, dockerfile);
  context.finalize();
  const stream = await docker.buildImage(
    context as unknown as NodeJS.ReadableStream,
    { version: '2', ...options } as Docker.ImageBuildOptions,
  );
  const { promise, resolve } = Promise.withResolvers<Error | null>();
  const events: Event[] = [];
  (docker as unknown as { followProgress(...args: unknown[]): void }).followProgress(stream, resolve, (event: Event) =>
    events.push(event),
  );
  assert.equal(await promise, null);
  return { events };
}

test('dockerode builds with BuildKit, and hears of its steps and of the image', async () => {
  const tag = unique('dockerode');
  const { events } = await build(MOUNTING, { t: tag, buildargs: { A: 'given' }, labels: { l: 'v' } });
  assert.equal(await engine().ok('gantry', ['run', '--rm', tag, 'cat', '/f']), 'given');
  const [image] = JSON.parse(await engine().ok('gantry', ['inspect', tag]));
  assert.equal(image.Config.Labels.l, 'v');
  assert.ok(JSON.stringify(events).includes('RUN --mount=type=cache'), JSON.stringify(events));
  const quiet = await build(MOUNTING, { t: tag, q: true, buildargs: { A: 'given' }, labels: { l: 'v' } });
  assert.ok(JSON.stringify(quiet.events).includes(image.Id), JSON.stringify(quiet.events));
  await engine().ok('gantry', ['rmi', '-f', tag]);
});

test('the context may come in a request of its own, as older docker CLIs send it', async () => {
  const archive = tarArchive([
    { name: 'Dockerfile', content: 'FROM busybox\nRUN --mount=type=bind,target=/m cp /m/Dockerfile /d' },
  ]);
  const post = (query: string, body: Buffer) => send(engine().socketPath, 'POST', `/build?version=2&${query}`, body);
  for (const isFirst of [true, false]) {
    const [id, tag] = [unique('upload'), unique('upload')];
    const requests = [
      () => post(`remote=upload-request&buildid=${id}&t=${tag}`, Buffer.alloc(0)),
      () => post(`buildid=upload-request:${id}`, archive),
    ];
    const answers = await Promise.all((isFirst ? requests : requests.toReversed()).map((request) => request()));
    const [built, sent] = isFirst ? answers : answers.toReversed();
    assert.match(built?.body ?? '', /"id":"moby.image.id"/);
    assert.deepEqual(sent, { status: 200, body: '' });
    assert.match(await engine().ok('gantry', ['run', '--rm', tag, 'cat', '/d']), /^FROM busybox/);
    await engine().ok('gantry', ['rmi', '-f', tag]);
  }
});

test('BUILDKIT_INLINE_CACHE lets an image carry its cache', async () => {
  for (const [value, hasCache] of [
    ['1', true],
    ['0', false],
  ] as const) {
    const tag = unique('inline');
    await build('FROM busybox\nRUN echo inline >/f\n', { t: tag, buildargs: { BUILDKIT_INLINE_CACHE: value } });
    const { body } = await engine().api('GET', `/images/${tag}/get`);
    assert.equal(body.includes('"moby.buildkit.cache.v0"'), hasCache);
    await engine().ok('gantry', ['rmi', '-f', tag]);
  }
});

test('a build that fails tells why, one that cannot begin is refused', async () => {
  const failed = await build('FROM busybox\nRUN exit 3\n', {});
  assert.match(failed.events.at(-1)?.error ?? '', /did not complete successfully: exit code: 3/);
  await assert.rejects(build(MOUNTING, { networkmode: 'own' }), /network mode "own" not supported by buildkit/);
  await assert.rejects(build(MOUNTING, { t: 'UPPER' }), /must be lowercase/);
});

test('credentials of the request and of its session reach the registry', async () => {
  await using registry = await debianRegistry({ htpasswd: HTPASSWD });
  const image = `${registry.host}/base`;
  await engine().ok('gantry', ['tag', 'busybox', image]);
  await engine().ok('gantry', ['login', '-u', 'bob', '-p', 'secret', registry.host]);
  await engine().ok('gantry', ['push', image]);
  await engine().ok('gantry', ['rmi', image]);
  const login = { username: 'bob', password: 'secret' };
  const dockerfile = `FROM ${image}\nRUN true\n`;
  const without = await build(dockerfile, { pull: '1' });
  assert.match(without.events.at(-1)?.error ?? '', /no basic auth credentials|authentication required/);
  for (const given of [{ registryconfig: { [registry.host]: login } }, { authconfig: login }]) {
    const { events } = await build(dockerfile, { pull: '1', ...given });
    assert.equal(events.at(-1)?.error, undefined);
  }
});

function project(t: TestContext, files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-clients-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

for (const kind of ['the classic builder', 'BuildKit'] as const) {
  test(`testcontainers builds from a Dockerfile with ${kind}, and runs the image`, async (t) => {
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
    process.env['DOCKER_HOST'] = engine().host;
    const { GenericContainer, Wait } = await import('testcontainers');
    const step = kind === 'BuildKit' ? 'RUN --mount=type=bind,target=/m cp /m/page /www/' : 'COPY page /www/';
    const folder = project(t, {
      'docker/Own.Dockerfile': [
        'FROM busybox AS web',
        'ARG TEXT',
        'RUN mkdir /www && echo "$TEXT" >/www/arg',
        `${step}`,
        'CMD ["httpd", "-f", "-p", "80", "-h", "/www"]',
        'FROM web AS other',
        'RUN exit 1',
      ].join('\n'),
      page: 'page\n',
      '.dockerignore': 'secret\n',
      secret: 'x',
    });
    const tag = `${unique('tc')}:latest`;
    const asked = GenericContainer.fromDockerfile(folder, 'docker/Own.Dockerfile')
      .withBuildArgs({ TEXT: 'given' })
      .withTarget('web');
    const built = await (kind === 'BuildKit' ? asked.withBuildkit() : asked).build(tag, { deleteOnExit: false });
    const container = await built.withExposedPorts(80).withWaitStrategy(Wait.forListeningPorts()).start();
    const url = `http://${container.getHost()}:${container.getMappedPort(80)}`;
    assert.equal(await (await fetch(`${url}/page`)).text(), 'page\n');
    assert.equal(await (await fetch(`${url}/arg`)).text(), 'given\n');
    await container.stop();
    await engine().ok('gantry', ['rmi', '-f', tag]);
  });
}
