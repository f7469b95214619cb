import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registryConfig } from '../../codec/registry-auth.ts';
import { serve } from '../../testing/serve.ts';

const json = (value: unknown): string => encodeURIComponent(JSON.stringify(value));

test('POST /build reads its parameters', async () => {
  await using api = await serve();
  const query = [
    `t=a&t=b&dockerfile=D&remote=http://x/y&q=1&nocache=1&pull=1&rm=0&target=s&platform=linux/arm64`,
    `cachefrom=${json(['c'])}&buildargs=${json({ A: '1', B: null })}&labels=${json({ l: 'v' })}`,
    `memory=1000&memswap=-1&cpushares=2&cpusetcpus=0&cgroupparent=/p&shmsize=64&networkmode=host&extrahosts=h:1.2.3.4`,
    `ulimits=${json([{ Name: 'nofile', Soft: 1, Hard: 2 }])}&version=1&isolation=default&buildid=x`,
  ].join('&');
  const { status } = await api.ask('POST', `/v1.51/build?${query}`);
  assert.equal(status, 200);
  const request = JSON.parse(api.journal.at(-1)?.replace(/^build /, '') ?? '');
  assert.deepEqual(request, {
    id: 'x',
    ...{ remote: 'http://x/y', dockerfile: 'D', tags: ['a', 'b'], target: 's' },
    platform: { os: 'linux', architecture: 'arm64' },
    // JSON has no undefined: B has no value.
    buildArgs: [
      ['A', '1'],
      ['B', null],
    ],
    labels: [['l', 'v']],
    ...{ cacheFrom: ['c'], isCacheOff: true, pullsAlways: true, isQuiet: true, removes: 'none', isSquashed: false },
    hostConfig: {
      ...{ NetworkMode: 'host', ExtraHosts: ['h:1.2.3.4'], Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] },
      ...{ Memory: 1000, MemorySwap: -1, CpuShares: 2, CpuPeriod: 0, CpuQuota: 0 },
      ...{ CpusetCpus: '0', CpusetMems: '', CgroupParent: '/p', ShmSize: 64 },
    },
  });
});

test("POST /build with version=2 is for BuildKit's builder", async () => {
  await using api = await serve();
  const query = [
    `version=2&t=a&platform=linux/arm64,linux/amd64&networkmode=host&extrahosts=h:1.2.3.4&shmsize=64&cgroupparent=/p`,
    `session=s&buildid=b&remote=client-session&outputs=${json([{ Type: 'tar', Attrs: { dest: 'x' } }, { Type: 'local' }])}`,
  ].join('&');
  const { status, text } = await api.ask('POST', `/v1.51/build?${query}`);
  assert.deepEqual([status, text], [200, '{"id":"moby.image.id","aux":{"ID":"sha256:1"}}\r\n']);
  assert.deepEqual(JSON.parse(api.journal.at(-1)?.replace(/^postedBuild /, '') ?? ''), {
    ...{ remote: 'client-session', dockerfile: '', tags: ['a'], target: '', buildArgs: [], labels: [], cacheFrom: [] },
    ...{ isCacheOff: false, pullsAlways: false, isQuiet: false, id: 'b', sessionId: 's' },
    ...{ platform: 'linux/arm64,linux/amd64', networkMode: 'host', extraHosts: ['h:1.2.3.4'], ulimits: [] },
    ...{ cgroupParent: '/p', shmBytes: 64 },
    outputs: [
      { type: 'tar', attrs: [['dest', 'x']] },
      { type: 'local', attrs: [] },
    ],
  });
  await api.ask('POST', `/v1.39/build?${query}`);
  const older = JSON.parse(api.journal.at(-1)?.replace(/^postedBuild /, '') ?? '') as { readonly outputs: unknown };
  assert.deepEqual(older.outputs, [], 'outputs came with 1.40');
});

test('POST /build refuses what it cannot read or do, before it reads the context', async () => {
  await using api = await serve();
  for (const [query, message] of [
    ['version=3', /^invalid version "3"$/],
    ['isolation=hyperv', /^unsupported isolation: "hyperv"$/],
    ['squash=1', /experimental/],
    ['remote=client-session', /session/],
    ['buildargs=x', /^error reading build args: invalid character 'x'/],
    [`labels=${json([1])}`, /^error reading labels: /],
    [`securityopt=${json(['a'])}`, /^security options are not supported on linux$/],
  ] as const) {
    const { status, text } = await api.ask('POST', `/build?${query}`);
    assert.equal(status, 400, query);
    assert.match((JSON.parse(text) as { message: string }).message, message);
  }
  assert.deepEqual(api.journal, []);
});

test('X-Registry-Config has credentials by registry, and that of Docker Hub by its old name', () => {
  const header = Buffer.from(
    JSON.stringify({
      'https://index.docker.io/v1/': { username: 'hub', password: 'p' },
      'registry.test:5000': { username: 'own', password: 'q' },
    }),
  ).toString('base64url');
  const credentials = registryConfig(header);
  assert.deepEqual(credentials('docker.io'), { kind: 'password', username: 'hub', password: 'p' });
  assert.deepEqual(credentials('registry.test:5000'), { kind: 'password', username: 'own', password: 'q' });
  assert.equal(credentials('other.test').kind, registryConfig(undefined)('other.test').kind);
  assert.equal(registryConfig('%%%')('docker.io').kind, registryConfig(undefined)('docker.io').kind);
});
