import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findErrorDetail, GrpcError } from '../../grpc/index.ts';
import { nodesOf } from '../llb/index.ts';
import type { FrontendRequest } from './bridge.ts';
import { dockerfileFrontend } from './index.ts';
import { memoryBridge } from './testing/memory-bridge.ts';

const IMAGE = { architecture: 'arm64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] }, config: {} };

function bridgeOf(files: Readonly<Record<string, string>>) {
  return memoryBridge({
    directories: { dockerfile: files, context: {} },
    images: { 'conv/other': IMAGE },
    platform: { os: 'linux', architecture: 'amd64' },
    sessionId: 's',
  });
}

async function solve(files: Readonly<Record<string, string>>, options: Readonly<Record<string, string>> = {}) {
  const bridge = bridgeOf(files);
  const request: FrontendRequest = { options: new Map(Object.entries(options)), inputs: new Map() };
  const result = await dockerfileFrontend({ mergesLinks: true })(request, bridge, new AbortController().signal);
  return { result, bridge };
}

test('a Dockerfile in lower case is read, and a missing one has BuildKit text', async () => {
  const { result } = await solve({ dockerfile: 'FROM scratch\nENV A=1' });
  assert.deepEqual(result.refs, [{ id: '', edge: undefined }]);
  await assert.rejects(solve({}), { message: 'failed to read dockerfile: open Dockerfile: no such file or directory' });
});

test('a frontend of somebody else is asked, and each version of the own one is built in', async () => {
  for (const image of [
    'docker/dockerfile:1',
    'docker.io/docker/dockerfile:1.7-labs',
    'docker/dockerfile-upstream:master',
  ]) {
    await solve({ Dockerfile: `# syntax=${image}\nFROM scratch` });
  }
  const { bridge } = await solve({ Dockerfile: '# syntax=docker/other a b\nFROM scratch' });
  assert.deepEqual(bridge.asked, ['gateway.v0 docker/other: docker/other a b']);
  const argument = { 'build-arg:BUILDKIT_SYNTAX': 'example/x y' };
  assert.deepEqual((await solve({ Dockerfile: 'FROM scratch' }, argument)).bridge.asked, [
    'gateway.v0 example/x: example/x y',
  ]);
  // The frontend asks the built-in one with the options that it got.
  const again = await solve({ Dockerfile: '# syntax=docker/other\nFROM scratch' }, { cmdline: 'docker/other' });
  assert.deepEqual(again.bridge.asked, []);
});

test('an image of another platform is a warning', async () => {
  const { bridge } = await solve({ Dockerfile: 'FROM conv/other' });
  assert.deepEqual(
    bridge.warnings.map(({ short }) => short),
    [
      'InvalidBaseImagePlatform: Base image conv/other was pulled with platform "linux/arm64", expected "linux/amd64" for current build (line 1)',
    ],
  );
});

test('an image that is not there names the line', async () => {
  await assert.rejects(solve({ Dockerfile: 'FROM scratch\nCOPY --from=conv/none /a /b' }), (error) => {
    assert.ok(error instanceof GrpcError);
    assert.match(error.message, /^conv\/none: failed to resolve source metadata for docker\.io\/conv\/none:latest: /);
    const detail = findErrorDetail(error.details, 'errdefs.Source') as { ranges: unknown };
    assert.deepEqual(detail.ranges, [{ start: { line: 2 }, end: { line: 2 } }]);
    return true;
  });
});

test('a stage brings what the stages below it copy and mount', async () => {
  const made = 'FROM scratch AS made\nCOPY a /a\n';
  const below = 'FROM scratch AS base\nCOPY --from=made /a /b\nCOPY --from=conv/other /c /c\n';
  const { result } = await solve({ Dockerfile: `${made}${below}FROM base AS middle\nFROM middle\nCOPY d /d\n` });
  const edge = result.refs[0]?.edge;
  assert.ok(edge !== undefined);
  const names = [...nodesOf(edge)].map(({ metadata }) => metadata.description.get('llb.customname'));
  for (const wanted of [/^\[made 1\/1\] COPY a/, /^\[base 1\/2\] COPY --from=made/, /FROM docker\.io\/conv\/other/]) {
    assert.ok(
      names.some((name) => wanted.test(name ?? '')),
      `${wanted} in ${names.join(', ')}`,
    );
  }
});

test('devices are refused, with their place', async () => {
  await assert.rejects(solve({ Dockerfile: 'FROM conv/other\nRUN --device=a/b=c true' }), (error: GrpcError) => {
    assert.match(error.message, /^RUN --device is not supported/);
    const detail = findErrorDetail(error.details, 'errdefs.Source') as { ranges: unknown };
    assert.deepEqual(detail.ranges, [{ start: { line: 2 }, end: { line: 2 } }]);
    return true;
  });
});

test('--parents keeps the path after its mark', async () => {
  const { result } = await solve({ Dockerfile: 'FROM scratch\nCOPY --parents a/./b/*.txt c /p/' });
  const actions = result.refs[0]?.edge?.node.op.file?.actions ?? [];
  assert.deepEqual(
    actions.map((action) => [action?.copy?.src, action?.copy?.include_patterns]),
    [
      ['/a', ['b/*.txt']],
      ['/', ['c']],
    ],
  );
  const config = result.metadata.get('containerimage.config')?.toString() ?? '';
  assert.match(config, /"created_by":"COPY --parents a\/\.\/b\/\*\.txt c \/p\/ # buildkit"/);
});

test('a thousand stages and fifty thousand instructions convert', async () => {
  const stages = Array.from(
    { length: 1000 },
    (_, index) => `FROM ${index === 0 ? 'scratch' : `s${index - 1}`} AS s${index}`,
  );
  await solve({ Dockerfile: stages.join('\n') });
  const { result } = await solve({ Dockerfile: `FROM scratch\n${'COPY a /\n'.repeat(10_000)}` });
  assert.ok(result.refs[0]?.edge !== undefined);
});

test('wrong options are refused', async () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ platform: 'a/b/c/d' }, /cannot parse platform/],
    [{ ulimit: 'nofile' }, /invalid ulimit/],
    [{ 'add-hosts': 'x' }, /invalid key-value pair x/],
    [{ 'force-network-mode': 'x' }, /invalid netmode x/],
    [{ 'image-resolve-mode': 'x' }, /invalid image-resolve-mode: x/],
    [{ 'build-arg:SOURCE_DATE_EPOCH': 'x' }, /invalid SOURCE_DATE_EPOCH: x/],
    [{ context: 'ftp://x' }, /unsupported build context/],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(solve({ Dockerfile: 'FROM scratch' }, options), message);
  }
});
