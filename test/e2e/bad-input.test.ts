import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { config, Layout, one, two } from '../support/archives.ts';
import { busyboxArchive, imageArchive, tarArchive } from '../support/busybox-image.ts';
import { isSound } from '../support/check.ts';
import { startEngine } from '../support/engine.ts';
import { CLIS, loadBusybox, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const message = (body: string): string => (JSON.parse(body) as { readonly message: string }).message;

async function refused(method: string, path: string, body: unknown, status: number, text: RegExp): Promise<void> {
  const answer = await engine().api(method, path, body);
  assert.equal(answer.status, status, answer.body);
  assert.match(message(answer.body), text);
}

test('unknown ids are 404 with Docker’s text', async () => {
  await refused('GET', '/containers/nope/json', undefined, 404, /^No such container: nope$/);
  await refused('POST', '/containers/nope/start', undefined, 404, /^No such container: nope$/);
  await refused('DELETE', '/containers/nope', undefined, 404, /^No such container: nope$/);
  await refused('GET', '/images/nope/json', undefined, 404, /^No such image: nope/);
  await refused('POST', '/exec/nope/start', { Detach: true }, 404, /^No such exec instance: nope$/);
  await refused('GET', '/volumes/nope', undefined, 404, /no such volume/);
  await refused('GET', '/networks/nope', undefined, 404, /^network nope not found$/);
  await refused('GET', '/no/such/route', undefined, 404, /page not found/);
});

test('creating from an image that is missing is the 404 that clients pull on', async () => {
  await refused('POST', '/containers/create', { Image: 'nope' }, 404, /^No such image: nope:latest$/);
});

test('illegal names, a name twice, bad ports and bad mounts are refused and leave nothing', async () => {
  const create = (name: string, body: object): Promise<{ status: number; body: string }> =>
    engine().api('POST', `/containers/create?name=${encodeURIComponent(name)}`, { Image: 'busybox', ...body });
  for (const name of ['-x', 'a b', '../x', 'ü', `${'x'.repeat(2)}/y`, '.']) {
    const answer = await create(name, {});
    assert.equal(answer.status, 400, name);
    assert.match(message(answer.body), /Invalid container name/);
  }
  const name = unique('twice');
  assert.equal((await create(name, {})).status, 201);
  const twice = await create(name, {});
  assert.equal(twice.status, 409);
  assert.match(
    message(twice.body),
    new RegExp(
      `^Conflict\\. The container name "/${name}" is already in use by container "[0-9a-f]{64}"\\. You have to remove \\(or rename\\) that container to be able to reuse that name\\.$`,
    ),
  );
  for (const HostConfig of [
    { PortBindings: { 'x/tcp': [{ HostPort: '80' }] } },
    { PortBindings: { '80/tcp': [{ HostPort: '99999' }] } },
    { PortBindings: { '80/nope': [{ HostPort: '80' }] } },
    { PortBindings: { '80/tcp': [{ HostIp: '1.2.3', HostPort: '80' }] } },
    { Binds: ['relative/path:/x'] },
    { Binds: ['/a:relative'] },
    { Binds: ['/a:/b:nope'] },
    { Binds: [''] },
    { Mounts: [{ Type: 'bind', Source: '/nowhere/at/all', Target: '/x' }] },
    { Mounts: [{ Type: 'nope', Target: '/x' }] },
    { RestartPolicy: { Name: 'sometimes' } },
    { Memory: 1024 },
    { NanoCpus: -5 },
    { CapAdd: ['NOT_A_CAP'] },
  ]) {
    const answer = await create(unique('bad'), { HostConfig });
    assert.equal(answer.status, 400, `${JSON.stringify(HostConfig)}: ${answer.body}`);
    assert.ok(message(answer.body).length > 10, answer.body);
  }
  const left = JSON.parse((await engine().api('GET', '/containers/json?all=1')).body) as readonly {
    readonly Names: readonly string[];
  }[];
  assert.deepEqual(
    left.map(({ Names }) => Names[0]),
    [`/${name}`],
  );
  await engine().ok('gantry', ['rm', name]);
});

/** Sends raw bytes as a request's body and answers status and text. */
function raw(
  path: string,
  headers: Record<string, string>,
  chunks: Iterable<Buffer>,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: engine().socketPath, method: 'POST', path, headers, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    let answered = false;
    sent.on('response', () => (answered = true));
    sent.on('error', (error) => (answered ? undefined : reject(error)));
    const pump = async (): Promise<void> => {
      for (const chunk of chunks) {
        if (answered || sent.destroyed) return;
        if (!sent.write(chunk))
          await new Promise<void>((drained) => {
            sent.once('drain', drained);
            sent.once('close', drained);
          });
      }
      sent.end();
    };
    void pump();
  });
}

test('broken JSON, wrong types, trailing data, no body and a wrong content type are 400', async () => {
  const json = { 'content-type': 'application/json' };
  for (const body of [
    '{',
    '{"Image": 5}',
    '{"Image":"busybox"} {}',
    '[]',
    '"x"',
    '{"Image":"busybox","Env":"A=1"}',
    '{"Image":"busybox","HostConfig":{"Memory":"much"}}',
    '',
  ]) {
    const answer = await raw('/containers/create', json, [Buffer.from(body)]);
    assert.equal(answer.status, 400, `${body}: ${answer.body}`);
    assert.ok(message(answer.body) !== '');
  }
  assert.equal(
    (await raw('/containers/create', { 'content-type': 'text/plain' }, [Buffer.from('{"Image":"busybox"}')])).status,
    400,
  );
  await refused('GET', '/containers/json?filters={', undefined, 400, /./);
  await refused('GET', '/containers/json?limit=x', undefined, 400, /./);
});

test('a body of 100 MB of JSON is refused without being kept', async () => {
  function* body(): Iterable<Buffer> {
    yield Buffer.from('{"Image":"busybox","Env":["');
    for (let megabyte = 0; megabyte < 100; megabyte++) yield Buffer.alloc(1 << 20, 'x');
    yield Buffer.from('"]}');
  }
  const answer = await raw('/containers/create', { 'content-type': 'application/json' }, body());
  assert.ok([400, 413].includes(answer.status), String(answer.status));
  assert.equal((await engine().api('GET', '/_ping')).status, 200);
});

test('garbage instead of HTTP is answered or dropped, and the engine stays up', async () => {
  for (const bytes of [
    '\x16\x03\x01\x02\x00\x01',
    'GET\r\n\r\n',
    `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
    'POST /containers/x/attach HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
  ]) {
    await new Promise<void>((resolve) => {
      const socket = connect(engine().socketPath, () => socket.end(bytes));
      socket
        .on('close', () => resolve())
        .on('error', () => resolve())
        .resume();
    });
  }
  assert.equal((await engine().api('GET', '/_ping')).status, 200);
});

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** An OCI layout with one entry in its index.json. */
function layout(make: (made: Layout) => object): Buffer {
  const made = new Layout();
  made.listed.push(make(made));
  return made.archive();
}

function manifestOf(made: Layout, image: string, layers: readonly object[]): object {
  const described = made.blob(image, 'application/vnd.oci.image.config.v1+json');
  const manifest = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config: described, layers };
  return made.blob(JSON.stringify(manifest), MANIFEST_TYPE);
}

/** Names of what the stores hold, to compare before and after. */
function stored(): readonly string[] {
  const names = (path: string): readonly string[] => {
    try {
      return readdirSync(join(engine().dataRoot, path)).map((name) => `${path}/${name}`);
    } catch {
      return [];
    }
  };
  return ['content/blobs/sha256', 'content/ingest', 'snapshots', 'snapshots/layers', 'snapshots/new']
    .flatMap(names)
    .sort();
}

test('hostile and broken archives are refused by load with a clear error and leave nothing', async () => {
  const before = stored();
  const good = busyboxArchive({ tags: ['hostile:1'] });
  const image = (entries: Parameters<typeof tarArchive>[0]): Buffer =>
    imageArchive({ tags: ['hostile:1'], layers: [tarArchive(entries)], config: {} });
  const cases: Record<string, Buffer> = {
    truncated: good.subarray(0, good.length >> 1),
    'not an archive': Buffer.from('this is no tar'.repeat(1000)),
    empty: Buffer.alloc(1024),
    'a name with dots': image([{ name: '../../escaped', type: 'file', content: 'x' }]),
    'a file behind a link out': image([
      { name: 'out', type: 'symlink', target: '../../../..' },
      { name: 'out/../../../../tmp/gantry-escaped', type: 'file', content: 'x' },
    ]),
    'a hard link out': image([{ name: 'pw', type: 'link', target: '../../../../etc/passwd' }]),
    'indexes nested without end': layout((made) => {
      let inner = made.image([one], config([one]));
      for (let level = 0; level < 50; level++) inner = made.index([inner]);
      return inner;
    }),
    'a layer with another size': layout((made) => {
      const layer = { ...made.blob(one, 'application/vnd.oci.image.layer.v1.tar'), size: 5 };
      return manifestOf(made, config([one]), [layer]);
    }),
    'ten thousand layers': layout((made) => {
      const layer = made.blob(one, 'application/vnd.oci.image.layer.v1.tar');
      return manifestOf(made, config([one]), Array(10_000).fill(layer));
    }),
    'the same layer five hundred times': layout((made) => {
      const layer = made.blob('{"no": "tar"}', 'application/vnd.oci.image.layer.v1.tar');
      const diffIds = Array(500).fill(layer.digest);
      return manifestOf(made, JSON.stringify({ os: 'linux', rootfs: { diff_ids: diffIds } }), Array(500).fill(layer));
    }),
    'another layer than the config names': layout((made) => made.image([one], config([two]))),
    'another compressed layer than the config names': layout((made) =>
      made.image([one], config([two]), [gzipSync(one)]),
    ),
    'a name that climbs': layout((made) => ({
      ...made.image([one], config([one])),
      annotations: { 'io.containerd.image.name': '../../etc/passwd:1' },
    })),
    'a document of 40 MB': layout((made) => made.blob(`{"a":"${'a'.repeat(40 << 20)}"}`, MANIFEST_TYPE)),
  };
  for (const [what, archive] of Object.entries(cases)) {
    for (const cli of CLIS) {
      const result = await engine()[cli](['load'], { input: archive });
      assert.notEqual(result.code, 0, `${cli}, ${what}: ${result.stdout}`);
      assert.ok(result.stderr.length > 10, what);
    }
  }
  await isSound(engine());
  assert.deepEqual(stored(), before);
  assert.equal((await engine().gantry(['image', 'inspect', 'hostile:1'])).code, 1);
});

const small = mkdtempSync(join(tmpdir(), 'gantry-small-'));
after(() => rmSync(small, { recursive: true, force: true }));

test('a full disk while loading is a clear error, and the engine works on afterwards', async () => {
  mkdirSync(join(small, 'disk'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'gantry-small', join(small, 'disk')]);
  try {
    await using tight = await startEngine({ dataRoot: join(small, 'disk', 'data') });
    await loadBusybox(tight);
    const large = imageArchive({
      tags: ['large:1'],
      layers: [tarArchive([{ name: 'big', type: 'file', content: Buffer.alloc(40 << 20, 'x') }])],
      config: {},
    });
    const result = await tight.gantry(['load'], { input: large });
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /no space left/i);
    assert.equal((await tight.gantry(['image', 'inspect', 'large:1'])).code, 1);
    assert.equal(await tight.ok('gantry', ['run', '--rm', 'busybox', 'echo', 'still here']), 'still here');
    await tight.ok('gantry', ['rmi', 'busybox']);
    await loadBusybox(tight);
  } finally {
    execFileSync('umount', [join(small, 'disk')]);
  }
});

test('what the engine does not know is refused in dockerd’s words', async () => {
  for (const [HostConfig, text] of [
    [
      { RestartPolicy: { Name: 'sometimes' } },
      "invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
    ],
    [{ Mounts: [{ Type: 'nope', Target: '/x' }] }, 'invalid mount config for type "nope": mount type unknown'],
    [{ Mounts: [{ Target: '/x' }] }, 'invalid mount config for type "": mount type unknown'],
    [{ CgroupnsMode: 'weird' }, 'invalid cgroup namespace mode: weird'],
    [{ Runtime: 'nope' }, 'unknown or invalid runtime name: nope'],
    [{ Links: ['gone:g'] }, 'could not get container for gone: No such container: gone'],
  ] as const) {
    const { status, body } = await engine().api('POST', '/containers/create', { Image: 'busybox', HostConfig });
    assert.equal(status, 400, body);
    assert.equal(message(body), text);
  }
  const name = unique('policy');
  await engine().api('POST', `/containers/create?name=${name}`, { Image: 'busybox' });
  const update = await engine().api('POST', `/containers/${name}/update`, { RestartPolicy: { Name: 'sometimes' } });
  assert.match(message(update.body), /^invalid restart policy: unknown policy 'sometimes'/);
  await engine().api('DELETE', `/containers/${name}`);
});

test('lists of one, arrays of any length and fields left out are read as Go reads them', async () => {
  const HostConfig = {
    CapAdd: 'SYS_ADMIN',
    Ulimits: [{ Name: 'core' }],
    ConsoleSize: [24],
    DeviceCgroupRules: null,
  };
  const { status, body } = await engine().api('POST', '/containers/create', { Image: 'busybox', HostConfig });
  assert.equal(status, 201, body);
  const { Id: id } = JSON.parse(body) as { readonly Id: string };
  const { HostConfig: shown } = JSON.parse((await engine().api('GET', `/containers/${id}/json`)).body) as {
    readonly HostConfig: Readonly<Record<string, unknown>>;
  };
  assert.deepEqual(shown['CapAdd'], ['SYS_ADMIN']);
  assert.deepEqual(shown['Ulimits'], [{ Name: 'core', Hard: 0, Soft: 0 }]);
  assert.deepEqual(shown['ConsoleSize'], [24, 0]);
  const exec = await engine().api('POST', `/containers/${id}/exec`, { Cmd: ['true'], ConsoleSize: [1, 2, 3] });
  assert.equal(exec.status, 409, exec.body);

  const start = `/containers/${id}/start`;
  await refused('POST', start, { Binds: ['/a:/b'] }, 400, /^starting container with non-empty request body was/);
  await refused('POST', `${start}?checkpoint=x`, undefined, 400, /^checkpoint is only supported in experimental mode$/);
  await refused(
    'GET',
    `/containers/${id}/stats?one-shot=1`,
    undefined,
    400,
    /^cannot have stream=true and one-shot=true$/,
  );
  await refused(
    'PUT',
    '/volumes/any',
    {},
    503,
    /^volume update only valid for cluster volumes, but swarm is unavailable$/,
  );
  const ofCluster = { Name: unique('cluster'), ClusterVolumeSpec: { AccessMode: { Scope: 'single' } } };
  await refused('POST', '/volumes/create', ofCluster, 503, /^This node is not a swarm manager\./);
  assert.equal((await engine().api('POST', start, {})).status, 204);
  await engine().api('DELETE', `/containers/${id}?force=1`);
});

test('a container’s own hardware address is deprecated from 1.44 on', async () => {
  const body = { Image: 'busybox', MacAddress: '02:42:ac:11:00:09' };
  for (const [version, warnings] of [
    ['v1.43', 0],
    ['v1.44', 1],
  ] as const) {
    const name = unique('mac');
    const answer = await engine().api('POST', `/${version}/containers/create?name=${name}`, body);
    const { Warnings } = JSON.parse(answer.body) as { readonly Warnings: readonly string[] };
    assert.equal(
      Warnings.filter((text) => /container-wide MacAddress field is now deprecated/.test(text)).length,
      warnings,
    );
    await engine().api('POST', `/containers/${name}/start`);
    const inspect = JSON.parse((await engine().api('GET', `/containers/${name}/json`)).body) as {
      readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly MacAddress: string }>> };
    };
    assert.equal(inspect.NetworkSettings.Networks['bridge']?.MacAddress, '02:42:ac:11:00:09');
    await engine().api('DELETE', `/containers/${name}?force=1`);
  }
});
