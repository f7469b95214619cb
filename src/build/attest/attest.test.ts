import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountType } from '../../grpc/messages/pb.ts';
import { execNode, sourceNode } from '../llb/index.ts';
import { imageUrl } from './materials.ts';
import { type ProvenanceInput, provenance } from './provenance.ts';
import { type ProvenanceOptions, provenanceOptions } from './provenance-options.ts';
import { sbomOptions } from './sbom-options.ts';
import { subjectsOf } from './statement.ts';

const DIGEST = `sha256:${'1'.repeat(64)}`;
const location = {
  source: { filename: 'Dockerfile', language: 'Dockerfile', data: Buffer.from('FROM base:1\nRUN true\n') },
  ranges: [{ start: { line: 2, character: 0 }, end: { line: 2, character: 0 } }],
};

function input(): ProvenanceInput {
  const base = sourceNode({
    identifier: `docker-image://docker.io/library/base:1@${DIGEST}`,
    attributes: { 'image.resolvemode': 'local' },
    platform: { OS: 'linux', Architecture: 'amd64' },
  });
  const run = execNode({
    root: { node: base, output: 0 },
    meta: { args: ['/bin/sh', '-c', 'true'], cwd: '/', env: ['A=b'] },
    mounts: [],
    secrets: [{ dest: '/run/secrets/s', mountType: mountType.SECRET, secretOpt: { ID: 's', mode: 0o400 } }],
    location,
  });
  const read = sourceNode({ identifier: 'local://dockerfile' });
  return {
    id: 'build-1',
    frontend: 'dockerfile.v0',
    attrs: new Map([
      ['build-arg:Q', '1'],
      ['no-cache', ''],
      ['platform', 'linux/amd64'],
      ['attest:provenance', 'mode=max'],
    ]),
    edge: { node: run, output: 0 },
    read: [read],
    startedAt: Date.UTC(2026, 0, 1),
    finishedAt: Date.UTC(2026, 0, 2),
    platform: { os: 'linux', architecture: 'amd64' },
  };
}

const options = (text: string): ProvenanceOptions => {
  const read = provenanceOptions(new Map([['attest:provenance', text]]));
  assert.ok(read !== undefined);
  return read;
};

const MATERIALS = [{ uri: 'pkg:docker/base@1?platform=linux%2Famd64', digest: { sha256: '1'.repeat(64) } }];

test('the least that provenance says has no arguments, secrets and steps', () => {
  const { predicateType, predicate } = provenance(input(), options('mode=min,inline-only=true,builder-id=me'));
  assert.equal(predicateType, 'https://slsa.dev/provenance/v0.2');
  assert.deepEqual(predicate, {
    builder: { id: 'me' },
    buildType: 'https://mobyproject.org/buildkit@v1',
    materials: MATERIALS,
    invocation: {
      configSource: { entryPoint: 'Dockerfile' },
      parameters: { frontend: 'dockerfile.v0', args: { 'no-cache': '' }, locals: [{ name: 'dockerfile' }] },
      environment: { platform: 'linux/amd64' },
    },
    metadata: {
      buildInvocationID: 'build-1',
      buildStartedOn: '2026-01-01T00:00:00.000Z',
      buildFinishedOn: '2026-01-02T00:00:00.000Z',
      completeness: { parameters: false, environment: true, materials: false },
      reproducible: false,
      'https://mobyproject.org/buildkit@v1#metadata': {},
    },
  });
});

test('the most that provenance says has the graph with its places, and names of secrets', () => {
  const { predicate } = provenance(input(), options('mode=max')) as { predicate: Record<string, never> };
  const { invocation, buildConfig, metadata } = predicate as unknown as {
    invocation: { parameters: object };
    buildConfig: { llbDefinition: { id: string; op: { Op: object }; inputs?: string[] }[]; digestMapping: object };
    metadata: { completeness: { parameters: boolean } };
  };
  assert.deepEqual(invocation.parameters, {
    frontend: 'dockerfile.v0',
    args: { 'build-arg:Q': '1', 'no-cache': '' },
    secrets: [{ id: 's' }],
    locals: [{ name: 'dockerfile' }],
  });
  assert.equal(metadata.completeness.parameters, true);
  const [base, run, end] = buildConfig.llbDefinition;
  assert.deepEqual(base?.op, {
    Op: {
      source: {
        identifier: `docker-image://docker.io/library/base:1@${DIGEST}`,
        attrs: { 'image.resolvemode': 'local' },
      },
    },
    platform: { Architecture: 'amd64', OS: 'linux' },
    constraints: {},
  });
  assert.deepEqual(run?.inputs, ['step0:0']);
  assert.deepEqual(end, { id: 'step2', op: { Op: {} }, inputs: ['step1:0'] });
  assert.equal(Object.keys(buildConfig.digestMapping).length, 3);
  assert.match(JSON.stringify(metadata), /"step1":\{"locations":\[\{"ranges":\[\{"start":\{"line":2\}/);
});

test('version 1 of the predicate says the same', () => {
  const { predicateType, predicate } = provenance(input(), options('mode=min,version=v1'));
  assert.equal(predicateType, 'https://slsa.dev/provenance/v1');
  const { buildDefinition, runDetails } = predicate as {
    readonly buildDefinition: Readonly<Record<string, unknown>>;
    readonly runDetails: { readonly metadata: Readonly<Record<string, unknown>> };
  };
  assert.deepEqual(buildDefinition['resolvedDependencies'], MATERIALS);
  assert.deepEqual(buildDefinition['internalParameters'], { builderPlatform: 'linux/amd64' });
  assert.deepEqual(runDetails.metadata['buildkit_completeness'], {
    request: false,
    resolvedDependencies: false,
  });
});

test('options that are none, or are not supported, are refused', () => {
  const read = (attrs: Readonly<Record<string, string>>) => provenanceOptions(new Map(Object.entries(attrs)));
  assert.equal(read({ target: 'x' }), undefined);
  assert.equal(read({ 'attest:provenance': 'disabled=true' }), undefined);
  assert.equal(read({ 'attest:sbom': 'disabled=true' }), undefined);
  assert.equal(sbomOptions(new Map([['attest:sbom', 'disabled=true']])), undefined);
  assert.deepEqual(sbomOptions(new Map([['attest:sbom', 'type=sbom,generator=a/b,A=1']])), {
    generator: 'a/b',
    isDefault: false,
    parameters: new Map([
      ['A', '1'],
      ['type', 'sbom'],
    ]),
  });
  assert.equal(sbomOptions(new Map([['build-arg:BUILDKIT_ATTEST_SBOM', '']]))?.isDefault, true);
  assert.throws(() => sbomOptions(new Map([['attest:sbom', 'generator=']])), { kind: 'invalid' });
  assert.throws(() => read({ 'attest:magic': '' }), { kind: 'invalid' });
  assert.throws(() => read({ 'attest:provenance': 'mode=most' }), { kind: 'invalid' });
  assert.throws(() => read({ 'attest:provenance': 'version=v9' }), { kind: 'invalid' });
});

test('images have package URLs', () => {
  assert.equal(imageUrl('docker.io/library/base:1', undefined), 'pkg:docker/base@1');
  assert.equal(
    imageUrl('example.com/a/b:2', { os: 'linux', architecture: 'arm', variant: 'v7' }),
    'pkg:docker/example.com/a/b@2?platform=linux%2Farm%2Fv7',
  );
});

test('a statement is about the result, or about what its digests name', () => {
  const self = [{ name: 'a', digest: { sha256: '1' } }];
  const subjects = [
    { kind: 'self', name: '', digests: [] },
    { kind: 'self', name: 'other', digests: [] },
    { kind: 'raw', name: '', digests: ['sha256:2', 'sha512:3'] },
  ] as const;
  assert.deepEqual(subjectsOf([], self), self);
  assert.deepEqual(subjectsOf(subjects, self), [
    ...self,
    ...self,
    { name: 'other', digest: { sha256: '1' } },
    { name: '_', digest: { sha256: '2', sha512: '3' } },
  ]);
});
