import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { execIn } from '../support/exec-in.ts';
import { unique, useEngine } from '../support/fixture.ts';

/** What depends on no version. What is expected is what dockerd 28.5 does; where it has 500 for a client's error, 400. */
const engine = useEngine();
const VERSIONS = ['1.24', '1.40', '1.45', '1.51', '1.52'];
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-same-'));
  mkdirSync(join(folder, 'bind'));
});
after(() => rmSync(folder, { recursive: true }));

type Json = Readonly<Record<string, unknown>>;

async function ask(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly json: Json }> {
  const answer = await engine().api(method, path, body);
  return { status: answer.status, json: answer.body === '' ? {} : JSON.parse(answer.body) };
}

const told = ({ status, json }: { readonly status: number; readonly json: Json }): string =>
  json['message'] === undefined ? `${status}` : `${status} ${json['message']}`;

/** What inspect shows of a container that is made, or the refusal. */
async function created(version: string, body: object, show: (container: Json) => unknown): Promise<unknown> {
  const name = unique('same');
  const path = `/v${version}/containers/create?name=${name}`;
  const made = await ask('POST', path, { Image: 'busybox', Cmd: ['true'], ...body });
  if (made.status !== 201) return neutral(told(made), name);
  const shown = show((await ask('GET', `/v${version}/containers/${name}/json`)).json);
  await ask('DELETE', `/containers/${name}?v=1`);
  return JSON.parse(neutral(JSON.stringify(shown), name));
}

function neutral(shown: string, name: string): string {
  return shown.replaceAll(folder, 'HOST').replaceAll(name, 'NAME');
}

const INVALID = '400 invalid filter';
const FILTERS: readonly (readonly [filters: string, answer: string])[] = [
  ['x', INVALID],
  ['[]', INVALID],
  ['""', INVALID],
  ['{"a":1}', INVALID],
  ['{"name":"x"}', INVALID],
  ['{"name":["none-such"]}', '200'],
  ['{"name":{"none-such":true}}', '200'],
  ['{"name":{"none-such":false}}', '200'],
  ['{"name":null}', '200'],
  ['null', '200'],
  ['{}', '200'],
  ['', '200'],
];

test('filters have both forms, and the same errors', async () => {
  const name = unique('listed');
  await ask('POST', `/containers/create?name=${name}`, { Image: 'busybox' });
  const get = (version: string, path: string, filters: string) =>
    ask('GET', `/v${version}/${path}&filters=${encodeURIComponent(filters)}`);
  for (const version of VERSIONS) {
    for (const [filters, answer] of FILTERS) {
      for (const path of ['containers/json?all=1', 'networks?', 'volumes?']) {
        const prefix = path === 'volumes?' ? '400 error reading volume filters: ' : '400 ';
        const expected = answer.replace(/^400 /, prefix);
        assert.equal(told(await get(version, path, filters)), expected, `${version} ${path} ${filters}`);
      }
    }
    assert.equal(told(await get(version, 'events?since=1&until=2', 'x')), INVALID);
    for (const form of [[name], { [name]: true }, { [name]: false }]) {
      const { json } = await get(version, 'containers/json?all=1', JSON.stringify({ name: form }));
      assert.equal(json['length'], 1, `${version} ${JSON.stringify(form)}`);
    }
  }
  await ask('DELETE', `/containers/${name}`);
});

const noLinks = "can't be used with links. This would result in undefined behavior";
/** TARGET stands for a container with a port. */
const LINKS: readonly (readonly [host: object, shown: unknown])[] = [
  [{ Links: ['TARGET'] }, ['/TARGET:/NAME/TARGET']],
  [{ Links: ['TARGET:al'] }, ['/TARGET:/NAME/al']],
  [{ Links: ['/TARGET:/other/al'] }, ['/TARGET:/NAME/al']],
  [{ Links: ['TARGET:a/b'] }, ['/TARGET:/NAME/a/b']],
  [{ Links: ['TARGET:al', 'TARGET:al'] }, ['/TARGET:/NAME/al']],
  [{ Links: null }, null],
  [{ Links: [] }, null],
  [{ Links: [''] }, '400 empty string specified for links'],
  [{ Links: ['a:b:c'] }, '400 bad format for links: a:b:c'],
  [{ Links: [':x'] }, '400 could not get container for : invalid name or ID supplied: ""'],
  [{ Links: ['nope:x'] }, '400 could not get container for nope: No such container: nope'],
  [{ Links: ['TARGET:al'], NetworkMode: 'host' }, `400 conflicting options: host type networking ${noLinks}`],
  [
    { Links: ['TARGET:al'], NetworkMode: 'container:TARGET' },
    `400 conflicting options: container type network ${noLinks}`,
  ],
];

test('links are accepted, shown, given to the container and removed', async () => {
  const target = unique('target');
  const given = { Image: 'busybox', Cmd: ['sleep', '1000'], ExposedPorts: { '80/tcp': {} } };
  await ask('POST', `/containers/create?name=${target}`, given);
  await ask('POST', `/containers/${target}/start`);
  const withTarget = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll('TARGET', target)) as T;
  for (const version of VERSIONS) {
    for (const [HostConfig, shown] of LINKS) {
      const links = (container: Json): unknown => (container['HostConfig'] as Json)['Links'];
      const seen = await created(version, { HostConfig: withTarget(HostConfig) }, links);
      assert.deepEqual(seen, withTarget(shown), `${version} ${JSON.stringify(HostConfig)}`);
    }
    const name = unique('linked');
    const HostConfig = { Links: [`${target}:al`] };
    await ask('POST', `/v${version}/containers/create?name=${name}`, { ...given, HostConfig });
    await ask('POST', `/v${version}/containers/${name}/start`);
    const env = await execIn(engine(), name, ['sh', '-c', 'env | grep ^AL_ | sort']);
    assert.deepEqual(env.replaceAll(/\d+\.\d+\.\d+\.\d+/g, 'IP').split('\n'), [
      `AL_NAME=/${name}/al`,
      ...['AL_PORT=tcp://IP:80', 'AL_PORT_80_TCP=tcp://IP:80', 'AL_PORT_80_TCP_ADDR=IP'],
      ...['AL_PORT_80_TCP_PORT=80', 'AL_PORT_80_TCP_PROTO=tcp'],
    ]);
    const filters = encodeURIComponent(JSON.stringify({ name: [`^/${target}$`] }));
    const list = (await ask('GET', `/v${version}/containers/json?filters=${filters}`)).json as unknown as Json[];
    assert.deepEqual(new Set(list[0]?.['Names'] as string[]), new Set([`/${target}`, `/${name}/al`]));
    assert.equal(told(await ask('DELETE', `/v${version}/containers/${name}/al?link=1`)), '204');
    const { json } = await ask('GET', `/v${version}/containers/${name}/json`);
    assert.equal((json['HostConfig'] as Json)['Links'], null);
    await ask('DELETE', `/containers/${name}?force=1`);
  }
  await ask('DELETE', `/containers/${target}?force=1`);
});

const LOADS: Readonly<Record<string, readonly [archive: Buffer, error: RegExp]>> = {
  nothing: [Buffer.alloc(0), /repositories/],
  'an empty archive': [Buffer.alloc(1024), /repositories/],
  garbage: [Buffer.from('this is no tar'.repeat(100)), /^archive\/tar: invalid tar header/],
  'an archive without images': [tarArchive([{ name: 'x', type: 'file', content: 'y' }]), /repositories/],
};

test('load of what is not an image is 200, with the error in the stream', async () => {
  for (const version of VERSIONS) {
    for (const [what, [archive, error]] of Object.entries(LOADS)) {
      for (const query of ['', '?quiet=1', '?quiet=x']) {
        const { promise, resolve, reject } = Promise.withResolvers<readonly [number | undefined, string]>();
        const path = `/v${version}/images/load${query}`;
        const headers = { 'content-type': 'application/x-tar', 'content-length': archive.length };
        request({ socketPath: engine().socketPath, method: 'POST', path, agent: false, headers }, (response) => {
          text(response).then((body) => resolve([response.statusCode, body]), reject);
        })
          .on('error', reject)
          .end(archive);
        const [status, body] = await promise;
        assert.equal(status, 200, `${version} ${what}`);
        assert.match((JSON.parse(body) as { readonly error: string }).error, error);
      }
    }
  }
});

const SIZES: readonly (readonly [query: string, answer: string])[] = [
  ['h=24&w=80', '200'],
  ['h=0&w=0', '200'],
  ['h=70000&w=70000', '200'],
  ['h=-1&w=1', '400 invalid resize height "-1": value out of range'],
  ['h=x&w=1', '400 invalid resize height "x": invalid syntax'],
  ['h=99999999999&w=1', '400 invalid resize height "99999999999": value out of range'],
  ['h=24', '400 invalid resize width "": invalid syntax'],
  ['', '400 invalid resize height "": invalid syntax'],
];

test('resize takes and refuses the same sizes, of containers and execs', async () => {
  const name = unique('terminal');
  await ask('POST', `/containers/create?name=${name}`, { Image: 'busybox', Tty: true, Cmd: ['sleep', '1000'] });
  await ask('POST', `/containers/${name}/start`);
  const exec = { Cmd: ['sleep', '1000'], Tty: true, AttachStdout: true };
  const { Id } = (await ask('POST', `/containers/${name}/exec`, exec)).json;
  await ask('POST', `/exec/${Id}/start`, { Detach: true, Tty: true });
  for (const version of VERSIONS) {
    for (const [query, answer] of SIZES) {
      for (const at of [`containers/${name}`, `exec/${Id}`])
        assert.equal(
          told(await ask('POST', `/v${version}/${at}/resize?${query}`)),
          answer,
          `${version} ${at} ${query}`,
        );
      const nowhere = answer === '200' ? '404 No such container: nope' : answer;
      assert.equal(told(await ask('POST', `/v${version}/containers/nope/resize?${query}`)), nowhere);
    }
  }
  await ask('DELETE', `/containers/${name}?force=1`);
});

const config = (type: string, problem: string): string => `400 invalid mount config for type "${type}": ${problem}`;
const bind = { Type: 'bind', Source: 'HOST/bind', Target: '/x' };
const tmpfs = { Type: 'tmpfs', Target: '/x' };
const bound = (Mode: string, RW: boolean, Propagation: string) => [
  { Type: 'bind', Source: 'HOST/bind', Destination: '/x', Mode, RW, Propagation },
];
/** A mount of `HostConfig.Mounts`, and what inspect shows in `Mounts`. */
const MOUNTS: readonly (readonly [mount: object, shown: unknown])[] = [
  [bind, bound('', true, 'rprivate')],
  [{ ...bind, ReadOnly: true }, bound('', false, 'rprivate')],
  [{ ...bind, BindOptions: { Propagation: 'rslave' } }, bound('', true, 'rslave')],
  [{ ...bind, BindOptions: { Propagation: 'x' } }, config('bind', 'invalid propagation mode: x')],
  [{ ...bind, Consistency: 'cached' }, bound('', true, 'rprivate')],
  [{ ...bind, Source: 'x' }, config('bind', "invalid mount path: 'x' mount path must be absolute")],
  [{ ...bind, Source: 'HOST/none' }, config('bind', 'bind source path does not exist: HOST/none')],
  [{ ...bind, Target: '' }, config('bind', 'field Target must not be empty')],
  [{ ...bind, Target: '/' }, config('bind', "invalid specification: destination can't be '/'")],
  [tmpfs, [{ Type: 'tmpfs', Source: '', Destination: '/x', Mode: '', RW: true, Propagation: '' }]],
  [
    { ...tmpfs, TmpfsOptions: { SizeBytes: 1_048_576, Mode: 0o700, Options: [['noexec']] } },
    [{ Type: 'tmpfs', Source: '', Destination: '/x', Mode: '', RW: true, Propagation: '' }],
  ],
  [{ ...tmpfs, TmpfsOptions: { Options: [['uid', '1']] } }, config('tmpfs', 'invalid option: uid')],
  [{ ...tmpfs, TmpfsOptions: { Options: [['nosuid']] } }, config('tmpfs', 'invalid option: nosuid')],
  [{ ...tmpfs, TmpfsOptions: { Options: [['']] } }, config('tmpfs', 'invalid option: ')],
  [{ ...tmpfs, TmpfsOptions: { Options: [[]] } }, config('tmpfs', 'invalid option array length')],
  [{ ...tmpfs, TmpfsOptions: { Options: [['a', 'b', 'c']] } }, config('tmpfs', 'invalid option array length')],
  [{ ...tmpfs, Source: 'x' }, config('tmpfs', 'field Source must not be specified')],
  [{ ...tmpfs, Type: 'cluster' }, config('cluster', 'mount type unknown')],
  [{ ...tmpfs, Type: 'npipe' }, config('npipe', 'mount type unknown')],
  [{ Source: '/tmp', Target: '/x' }, config('', 'mount type unknown')],
];
const volume = { Type: 'volume', Target: '/x' };
/** A mount of `HostConfig.Mounts`, and how inspect shows it there. */
const ECHOES: readonly (readonly [mount: object, shown: object])[] = [
  [{ ...volume, Source: '', ReadOnly: false }, volume],
  [
    { ...volume, VolumeOptions: { NoCopy: false, DriverConfig: { Name: 'local', Options: {} } } },
    { ...volume, VolumeOptions: { DriverConfig: { Name: 'local' } } },
  ],
  [
    { ...bind, BindOptions: {} },
    { ...bind, BindOptions: {} },
  ],
  [
    { ...bind, BindOptions: { Propagation: '' }, VolumeOptions: null },
    { ...bind, BindOptions: {} },
  ],
  [
    { ...tmpfs, TmpfsOptions: { SizeBytes: 0, Options: [] } },
    { ...tmpfs, TmpfsOptions: {} },
  ],
];

/** An entry of `HostConfig.Binds`, and what inspect shows in `Mounts`. */
const BINDS: readonly (readonly [spec: string, shown: unknown])[] = [
  ['HOST/bind:/x', bound('', true, 'rprivate')],
  ['HOST/bind:/x:ro', bound('ro', false, 'rprivate')],
  ['HOST/bind:/x:ro,rslave', bound('ro,rslave', false, 'rslave')],
  ['HOST/bind:/x:z', bound('z', true, 'rprivate')],
  ['HOST/bind:/x:bad', '400 invalid mode: bad'],
  ['HOST/bind:/x:rro', '400 invalid mode: rro'],
  ['/tmp:/x:ro:z', "400 invalid volume specification: '/tmp:/x:ro:z'"],
  [
    'HOST/bind:/x:nocopy',
    '400 invalid volume specification: \'HOST/bind:/x:nocopy\': invalid mount config for type "bind": field VolumeOptions must not be specified',
  ],
  [
    'HOST/bind:x',
    "400 invalid volume specification: 'HOST/bind:x': invalid mount config for type \"bind\": invalid mount path: 'x' mount path must be absolute",
  ],
];

test('mounts are accepted, shown and refused', async () => {
  const real = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll('HOST', folder)) as T;
  const shownMounts = (container: Json): unknown => container['Mounts'];
  for (const version of VERSIONS) {
    for (const [mount, shown] of MOUNTS) {
      const seen = await created(version, { HostConfig: { Mounts: [real(mount)] } }, shownMounts);
      assert.deepEqual(seen, shown, `${version} ${JSON.stringify(mount)}`);
    }
    for (const [mount, shown] of ECHOES) {
      const given = (container: Json): unknown => ((container['HostConfig'] as Json)['Mounts'] as unknown[])[0];
      const seen = await created(version, { HostConfig: { Mounts: [real(mount)] } }, given);
      assert.deepEqual(seen, shown, `${version} ${JSON.stringify(mount)}`);
    }
    for (const [spec, shown] of BINDS) {
      const seen = await created(version, { HostConfig: { Binds: [real(spec)] } }, shownMounts);
      assert.deepEqual(seen, shown, `${version} ${spec}`);
    }
  }
});
