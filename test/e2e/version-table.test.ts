import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const ALWAYS = ['1.24', '1.40', '1.45', '1.51', '1.52'];
const folder = mkdtempSync(join(tmpdir(), 'gantry-versions-'));
after(() => rmSync(folder, { recursive: true }));

/** One line of the table in src/api/versions/README.md: `see` has the outcome `before` and, from `since` on, `afterwards`. */
interface Row {
  readonly since: string;
  readonly what: string;
  readonly see: (version: string) => Promise<unknown>;
  readonly before: unknown;
  readonly afterwards: unknown;
}

type Json = Readonly<Record<string, unknown>>;

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; json: Json }> {
  const { status, body: text } = await engine().api(method, path, body);
  return { status, json: text === '' ? {} : JSON.parse(text) };
}

/** Status and message of a refusal, or what inspect shows of the container that was made. */
function created(body: object, show: (container: Json) => unknown, query = ''): Row['see'] {
  return async (version) => {
    const name = unique('row');
    const path = `/v${version}/containers/create?name=${name}${query}`;
    const { status, json } = await ask('POST', path, { Image: 'busybox', Cmd: ['true'], ...body });
    if (status !== 201) return `${status} ${json['message']}`;
    const shown = show((await ask('GET', `/v${version}/containers/${name}/json`)).json);
    await ask('DELETE', `/v${version}/containers/${name}?v=1`);
    return shown;
  };
}

const host = (HostConfig: object, field: string): Row['see'] =>
  created({ HostConfig }, (container) => (container['HostConfig'] as Json)[field]);
const mounted = (mount: object): Row['see'] =>
  created(
    { HostConfig: { Mounts: [mount] } },
    (container) => (container['HostConfig'] as { Mounts: unknown[] }).Mounts[0],
  );
const status =
  (method: string, path: string): Row['see'] =>
  async (version) =>
    (await engine().api(method, `/v${version}${path}`)).status;
/** Whether a parameter that makes no sense is looked at. */
const ignored = { before: 200, afterwards: 400 };

const bind = { Type: 'bind', Source: folder, Target: '/x' };
const missing = join(folder, 'nowhere');
const volume = { Type: 'volume', Source: '', Target: '/x' };

async function updated(version: string): Promise<unknown> {
  const name = unique('updated');
  await ask('POST', `/containers/create?name=${name}`, { Image: 'busybox' });
  await ask('POST', `/v${version}/containers/${name}/update`, { PidsLimit: 100 });
  const { HostConfig } = (await ask('GET', `/containers/${name}/json`)).json;
  await ask('DELETE', `/containers/${name}`);
  return (HostConfig as Json)['PidsLimit'];
}

async function pruned(version: string): Promise<unknown> {
  const name = unique('named');
  await ask('POST', '/volumes/create', { Name: name });
  const { json } = await ask('POST', `/v${version}/volumes/prune`);
  await ask('DELETE', `/volumes/${name}`);
  return (json['VolumesDeleted'] as readonly string[]).includes(name);
}

async function listed(version: string): Promise<Json> {
  const name = unique('listed');
  await ask('POST', `/containers/create?name=${name}`, { Image: 'busybox' });
  const list = (await ask('GET', `/v${version}/containers/json?all=1`)).json as unknown as readonly Json[];
  await ask('DELETE', `/containers/${name}`);
  assert.ok(list[0]);
  return list[0];
}

const image = async (version: string): Promise<Json> => {
  const [first] = (await ask('GET', `/v${version}/images/json`)).json as unknown as readonly Json[];
  assert.ok(first);
  return first;
};

/** Runs an action with a container that sleeps. */
async function withSleeper<T>(action: (name: string) => Promise<T>): Promise<T> {
  const name = unique('sleeper');
  await ask('POST', `/containers/create?name=${name}`, { Image: 'busybox', Cmd: ['sleep', '1000'] });
  await ask('POST', `/containers/${name}/start`);
  try {
    return await action(name);
  } finally {
    await ask('DELETE', `/containers/${name}?force=1`);
  }
}

const signalled =
  (verb: string): Row['see'] =>
  (version) =>
    withSleeper(
      async (name) => (await engine().api('POST', `/v${version}/containers/${name}/${verb}?t=0&signal=NONE`)).status,
    );

async function firstReading(version: string): Promise<unknown> {
  return await withSleeper(async (name) => {
    const { json } = await ask('GET', `/v${version}/containers/${name}/stats?stream=0&one-shot=1`);
    return (json['precpu_stats'] as { readonly system_cpu_usage?: number }).system_cpu_usage === undefined;
  });
}

/** What busybox's stty says of a terminal without a size. */
const NO_SIZE = 'stty: standard input';

/** The size is set when the process has begun, as on dockerd: the process waits for it. */
const WAIT_FOR_SIZE =
  'for _ in 1 2 3 4 5 6 7 8 9 0; do stty size 2>&1 | grep -q ^30 && break; sleep 0.1; done; exec stty size';

async function execSize(version: string): Promise<unknown> {
  return await withSleeper(async (name) => {
    const size = { ConsoleSize: [30, 100] };
    const { json } = await ask('POST', `/v${version}/containers/${name}/exec`, {
      ...{ Cmd: ['sh', '-c', WAIT_FOR_SIZE], Tty: true, AttachStdout: true },
      ...size,
    });
    const { body } = await engine().api('POST', `/v${version}/exec/${json['Id']}/start`, { Tty: true, ...size });
    // busybox adds an errno that an earlier call left.
    return body.trim().replace(/^(stty: standard input).*/, '$1');
  });
}

/** Recorded from dockerd 28.5 up to 1.51 and read from the contract for 1.52. */
const ROWS: readonly Row[] = [
  {
    since: '1.25',
    what: 'AutoRemove: the engine removes the container, not its client',
    see: host({ AutoRemove: true }, 'AutoRemove'),
    before: false,
    afterwards: true,
  },
  {
    since: '1.30',
    what: 'wait has a condition',
    see: async (version) => {
      const name = unique('waited');
      await ask('POST', `/containers/create?name=${name}`, { Image: 'busybox', Cmd: ['true'] });
      await ask('POST', `/containers/${name}/start`);
      const waited = await ask('POST', `/v${version}/containers/${name}/wait?condition=nonsense`);
      await ask('DELETE', `/containers/${name}?force=1`);
      return waited.status;
    },
    ...ignored,
  },
  {
    since: '1.40',
    what: 'an IPC namespace is private unless it is asked for as shareable',
    see: host({}, 'IpcMode'),
    before: 'shareable',
    afterwards: 'private',
  },
  {
    since: '1.40',
    what: 'binds have NonRecursive',
    see: mounted({ ...bind, BindOptions: { NonRecursive: true } }),
    before: { ...bind, BindOptions: {} },
    afterwards: { ...bind, BindOptions: { NonRecursive: true } },
  },
  { since: '1.40', what: 'update changes PidsLimit', see: updated, before: null, afterwards: 100 },
  {
    since: '1.41',
    what: 'create has a platform',
    see: created({}, () => 'made', '&platform=nonsense/x/y/z'),
    before: 'made',
    afterwards: '400 "nonsense/x/y/z": cannot parse platform specifier: invalid argument',
  },
  {
    since: '1.41',
    what: 'images are filtered by reference alone, not by the parameter filter',
    see: async (version) => (await engine().api('GET', `/v${version}/images/json?filter=none-such`)).body === '[]\n',
    before: true,
    afterwards: false,
  },
  {
    since: '1.41',
    what: 'statistics have one-shot: no earlier reading to compare with',
    see: firstReading,
    before: false,
    afterwards: true,
  },
  { since: '1.42', what: 'stop has a signal', see: signalled('stop'), before: 204, afterwards: 400 },
  { since: '1.42', what: 'restart has a signal', see: signalled('restart'), before: 204, afterwards: 400 },
  { since: '1.42', what: 'an exec has ConsoleSize', see: execSize, before: NO_SIZE, afterwards: '30 100' },
  {
    since: '1.47',
    what: 'lists of images have manifests',
    see: async (version) => {
      const list = (await ask('GET', `/v${version}/images/json?manifests=1`)).json as unknown as readonly Json[];
      return list[0]?.['Manifests'] !== undefined;
    },
    before: false,
    afterwards: true,
  },
  {
    since: '1.42',
    what: 'binds have CreateMountpoint',
    see: created(
      { HostConfig: { Mounts: [{ ...bind, Source: missing, BindOptions: { CreateMountpoint: true } }] } },
      () => 'made',
    ),
    before: `400 invalid mount config for type "bind": bind source path does not exist: ${missing}`,
    afterwards: 'made',
  },
  {
    since: '1.42',
    what: 'TmpfsOptions of another type of mount are refused',
    see: created({ HostConfig: { Mounts: [{ ...volume, TmpfsOptions: { SizeBytes: 1000 } }] } }, () => 'made'),
    before: 'made',
    afterwards: '400 TmpfsOptions must not be specified on mount type "volume"',
  },
  {
    since: '1.42',
    what: 'BindOptions and VolumeOptions of another type of mount are refused in other words',
    see: async (version) => [
      await mounted({ ...bind, VolumeOptions: {} })(version),
      await mounted({ ...volume, BindOptions: {} })(version),
    ],
    before: [
      '400 invalid mount config for type "bind": field VolumeOptions must not be specified',
      '400 invalid mount config for type "volume": field BindOptions must not be specified',
    ],
    afterwards: [
      '400 VolumeOptions must not be specified on mount type "bind"',
      '400 BindOptions must not be specified on mount type "volume"',
    ],
  },
  {
    since: '1.42',
    what: 'ConsoleSize is the first size of a terminal',
    see: host({ ConsoleSize: [10, 20] }, 'ConsoleSize'),
    before: [0, 0],
    afterwards: [10, 20],
  },
  { since: '1.42', what: 'a prune of volumes leaves named ones', see: pruned, before: true, afterwards: false },
  { since: '1.42', what: 'disk usage has types', see: status('GET', '/system/df?type=nonsense'), ...ignored },
  {
    since: '1.42',
    what: 'sizes that images share are asked for by shared-size',
    see: async (version) => {
      const text = (await engine().api('GET', `/v${version}/images/json?shared-size=1`)).body;
      return (JSON.parse(text) as readonly { readonly SharedSize: number }[])[0]?.SharedSize !== -1;
    },
    before: false,
    afterwards: true,
  },
  {
    since: '1.43',
    what: 'containers have Annotations',
    see: host({ Annotations: { a: 'b' } }, 'Annotations'),
    before: undefined,
    afterwards: { a: 'b' },
  },
  {
    since: '1.44',
    what: 'health checks have a StartInterval',
    see: created(
      { Healthcheck: { Test: ['CMD', 'true'], StartInterval: 2_000_000_000 } },
      (container) => (container['Config'] as { Healthcheck: object }).Healthcheck,
    ),
    before: { Test: ['CMD', 'true'] },
    afterwards: { Test: ['CMD', 'true'], StartInterval: 2_000_000_000 },
  },
  {
    since: '1.44',
    what: 'binds have ReadOnlyForceRecursive',
    see: created(
      { HostConfig: { Mounts: [{ ...bind, ReadOnly: true, BindOptions: { ReadOnlyForceRecursive: true } }] } },
      () => 'made',
    ),
    before: '400 BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer',
    afterwards: 'made',
  },
  {
    since: '1.44',
    what: 'create has several endpoints',
    see: created({ NetworkingConfig: { EndpointsConfig: { bridge: {}, none: {} } } }, () => 'made'),
    before: '400 Container cannot be created with multiple network endpoints: bridge, none',
    afterwards: 'made',
  },
  {
    since: '1.44',
    what: 'images have no VirtualSize',
    see: async (version) => 'VirtualSize' in (await image(version)),
    before: true,
    afterwards: false,
  },
  {
    since: '1.45',
    what: 'volumes have a Subpath',
    see: created({ HostConfig: { Mounts: [{ ...volume, VolumeOptions: { Subpath: 'a' } }] } }, () => 'made'),
    before: '400 VolumeOptions.Subpath needs API v1.45 or newer',
    afterwards: '400 invalid mount config for type "volume": must not set Subpath when using anonymous volumes',
  },
  { since: '1.46', what: 'push has a platform', see: status('POST', '/images/none-such/push?platform=x'), ...ignored },
  {
    since: '1.48',
    what: 'images can be mounted',
    see: created({ HostConfig: { Mounts: [{ Type: 'image', Source: 'busybox', Target: '/x' }] } }, () => 'made'),
    before: '400 Mount type "Image" needs API v1.48 or newer',
    afterwards: 'made',
  },
  {
    since: '1.48',
    what: 'history has a platform',
    see: status('GET', '/images/busybox/history?platform=x'),
    ...ignored,
  },
  { since: '1.48', what: 'save has platforms', see: status('GET', '/images/busybox/get?platform=x'), ...ignored },
  { since: '1.48', what: 'load has platforms', see: loadedWithPlatform, ...ignored },
  {
    since: '1.48',
    what: 'containers show the manifest of their image, with its platform',
    see: async (version) => {
      const { ImageManifestDescriptor: shown } = (await listed(version)) as { ImageManifestDescriptor?: object };
      return shown !== undefined && 'platform' in shown;
    },
    before: false,
    afterwards: true,
  },
  {
    since: '1.49',
    what: 'image inspect has a platform',
    see: status('GET', '/images/busybox/json?platform=x'),
    ...ignored,
  },
  {
    since: '1.50',
    what: 'removing an image has platforms',
    see: status('DELETE', '/images/none-such?platforms=x'),
    before: 404,
    afterwards: 400,
  },
  {
    since: '1.51',
    what: 'images count their containers',
    see: async (version) => (await image(version))['Containers'],
    before: -1,
    afterwards: 0,
  },
  {
    since: '1.52',
    what: 'lists of containers show their health',
    see: async (version) => (await listed(version))['Health'],
    before: undefined,
    afterwards: { Status: 'none', FailingStreak: 0 },
  },
];

/** The archive is an empty one, which a load tells in its stream. */
async function loadedWithPlatform(version: string): Promise<number> {
  return (await engine().api('POST', `/v${version}/images/load?platform=x`)).status;
}

for (const { since, what, see, before, afterwards } of ROWS) {
  test(`since ${since}: ${what}`, async () => {
    const minor = Number(since.slice(2));
    const versions = new Set([...ALWAYS, `1.${minor - 1}`, since]);
    for (const version of versions) {
      const isOlder = Number(version.slice(2)) < minor;
      assert.deepEqual(await see(version), isOlder ? before : afterwards, `in ${version}`);
    }
  });
}

test('the table of what depends on versions has these rows and no others of a version like them', () => {
  const table = readFileSync(new URL('../../src/api/versions/README.md', import.meta.url), 'utf8');
  const tested = table.split('\n').filter((line) => line.startsWith('| 1.') && line.endsWith('| table |'));
  const wanted = ROWS.map(({ since, what }) => `| ${since} | ${what} | table |`);
  assert.deepEqual(tested, wanted);
  const routes = new URL('../../src/api/routes/', import.meta.url);
  const parameters = readdirSync(routes, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(new URL(name, routes), 'utf8').matchAll(/querySince: \{([^}]*)\}/g)])
    .flatMap(([, text = '']) => [...text.matchAll(/'?([\w-]+)'?: '/g)].map(([, parameter = '']) => parameter));
  assert.ok(parameters.length > 10);
  for (const parameter of parameters) assert.match(table, new RegExp(`\\b${parameter}\\b`), parameter);
});

for (const [version, writes] of [
  ['1.24', 'below'],
  ['1.43', 'below'],
  ['1.44', ''],
  ['1.52', ''],
] as const) {
  test(`API ${version}: what is mounted below a read-only bind is ${writes === '' ? 'read-only too' : 'writable'}`, async () => {
    const source = join(folder, version);
    const below = join(source, 'below');
    mkdirSync(below, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'gantry-below', below]);
    try {
      for (const HostConfig of [
        { Binds: [`${source}:/x:ro`] },
        { Mounts: [{ Type: 'bind', Source: source, Target: '/x', ReadOnly: true }] },
      ]) {
        const name = unique('read-only');
        const Cmd = ['sh', '-c', 'touch /x/top && echo top; touch /x/below/a && echo below; true'];
        const made = await ask('POST', `/v${version}/containers/create?name=${name}`, {
          Image: 'busybox',
          Cmd,
          HostConfig,
        });
        assert.equal(made.status, 201);
        assert.equal(await engine().ok('gantry', ['start', '-a', name]), writes);
        await engine().ok('gantry', ['rm', name]);
      }
    } finally {
      execFileSync('umount', [below]);
    }
  });
}
