import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '../../grpc/index.ts';
import { definition, op } from '../../grpc/messages/pb.ts';
import {
  diffNode,
  digestOf,
  execNode,
  fileNode,
  type LlbEdge,
  mergeNode,
  nodesOf,
  readDefinition,
  sourceNode,
  writeDefinition,
} from './index.ts';

const PLATFORM = { Architecture: 'amd64', OS: 'linux' };

function image(name = 'busybox'): LlbEdge {
  const node = sourceNode({
    identifier: `docker-image://docker.io/library/${name}:latest`,
    attributes: { 'image.resolvemode': 'local' },
    platform: PLATFORM,
  });
  return { node, output: 0 };
}

function mkdir(base: LlbEdge | undefined, path: string): LlbEdge {
  const node = fileNode({ base, changes: [{ mkdir: { path, mode: 0o755, makeParents: true, timestamp: -1n } }] });
  return { node, output: 0 };
}

function written(edge: LlbEdge | undefined) {
  return decode(definition, encode(definition, writeDefinition(edge)));
}

test('the digest of an op is the one that BuildKit gives it', () => {
  // Seen with BuildKit of dockerd 28.5: FROM busybox, RUN echo hi $FOO, WORKDIR /app/x.
  assert.equal(image().node.digest, 'sha256:cf62ed0143a4889e4c94fb8c99f3fb7bd6375a31c7cd0e7b299ff870ce98c7b5');
  const run = execNode({
    root: image(),
    meta: {
      args: ['/bin/sh', '-c', 'echo hi $FOO'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'FOO=1', 'A=b'],
      cwd: '/',
      removeMountStubsRecursive: true,
    },
    mounts: [],
    platform: PLATFORM,
  });
  assert.equal(run.digest, 'sha256:143cf4bc92fd8aef26dd84e5c332e7c7e78aa693238fef0f0799e4cb30c24e05');
  const workdir = mkdir({ node: run, output: 0 }, '/app/x');
  assert.equal(workdir.node.digest, 'sha256:7496d1651a4e928f10373d484010aff9f488cf467075efb365265aa0b62bf457');
});

test('a graph comes back from its definition as it was', () => {
  const source = { filename: 'Dockerfile', language: 'Dockerfile', data: Buffer.from('FROM busybox') };
  const start = { line: 1, character: 0 };
  const base = sourceNode({
    identifier: 'docker-image://x',
    metadata: { description: new Map([['llb.customname', 'FROM x']]), ignore_cache: true },
    location: { source, ranges: [{ start, end: start }] },
  });
  const left = mkdir({ node: base, output: 0 }, '/left');
  const right = mkdir({ node: base, output: 0 }, '/right');
  const merge = mergeNode([left, right, { node: diffNode(undefined, right), output: 0 }]);
  const read = readDefinition(written({ node: merge, output: 0 }));
  assert.ok(read !== undefined);
  assert.equal(read.node.digest, merge.digest);
  const [first, ...others] = nodesOf(read);
  assert.equal(others.length, 4);
  assert.equal(first?.digest, base.digest);
  assert.equal(first?.metadata.ignore_cache, true);
  assert.equal(first?.metadata.description.get('llb.customname'), 'FROM x');
  assert.deepEqual(first?.location?.ranges, [{ start, end: start }]);
  assert.equal(first?.location?.source.data.toString(), 'FROM busybox');
});

test('the empty tree is an empty definition', () => {
  assert.equal(readDefinition(written(undefined)), undefined);
});

test('equal edges are one input, and mounts are sorted by target', () => {
  const base = image();
  const run = execNode({
    root: base,
    meta: { args: ['true'], cwd: '/' },
    mounts: [
      { target: '/z', source: base, isReadOnly: true },
      { target: '/b', source: image('other'), hasNoOutput: true },
      { target: '/c', cache: { id: 'c', sharing: 0 } },
    ],
  });
  assert.equal(run.inputs.length, 2);
  const mounts = run.op.exec?.mounts.map((mount) => [mount?.dest, mount?.input, mount?.output]);
  assert.deepEqual(mounts, [
    ['/', 0, 0],
    ['/b', 1, -1],
    ['/c', -1, -1],
    ['/z', 0, -1],
  ]);
});

test('changes follow each other within one op', () => {
  const node = fileNode({
    base: undefined,
    changes: [
      { mkfile: { path: '/a', mode: 0o644, data: Buffer.from('x') } },
      { copy: { src: '/b', dest: '/c' }, from: image() },
      { rm: { path: '/a' } },
    ],
  });
  const actions = node.op.file?.actions.map((action) => [action?.input, action?.secondaryInput, action?.output]);
  assert.deepEqual(actions, [
    [-1, -1, -1],
    [1, 0, -1],
    [2, -1, 0],
  ]);
  const owned = fileNode({
    base: image(),
    changes: [
      { mkdir: { path: '/a' }, owner: { user: '7' } },
      { mkdir: { path: '/b' }, owner: { user: '', group: 'web' } },
    ],
  });
  const owners = owned.op.file?.actions.map((action) => action?.mkdir?.owner);
  assert.equal(owners?.[0]?.user?.byID, 7);
  assert.equal(owners?.[0]?.group, undefined);
  assert.deepEqual(owners?.[1]?.group?.byName, { name: 'web', input: 1 });
});

test('a hostile definition is refused', () => {
  const good = written(mkdir(image(), '/a'));
  const ending = (digest: string, index = 0) => encode(op, { inputs: [{ digest, index }] });
  const cases: readonly (readonly [RegExp, Uint8Array[]])[] = [
    [/no op sha256:0/, [...good.def.slice(0, -1), ending(`sha256:${'0'.repeat(64)}`)]],
    [/no single input/, [...good.def.slice(0, -1)].slice(0, 1)],
    [/no op sha256:/, good.def.slice(1)],
    [/cannot be read/, [Buffer.from([0xff]), ...good.def]],
    [/no output 1/, [...good.def.slice(0, -1), ending(mkdir(image(), '/a').node.digest, 1)]],
    [/no output -1/, [...good.def.slice(0, -1), ending(mkdir(image(), '/a').node.digest, -1)]],
    [/unknown type/, [encode(op, {}), ...good.def]],
    [/no input or output 5/, [encode(op, { merge: { inputs: [{ input: 5 }] } }), ...good.def]],
    [/build ops are not supported/, [encode(op, { build: {} }), ...good.def]],
  ];
  for (const [message, def] of cases) assert.throws(() => readDefinition({ ...good, def: def as Buffer[] }), message);
});

test('a long chain and a wide net are read without recursion', () => {
  let edge: LlbEdge | undefined;
  for (let index = 0; index < 5000; index++) edge = mkdir(edge, `/${index}`);
  assert.equal(readDefinition(written(edge))?.node.digest, edge?.node.digest);
  let net = image();
  for (let index = 0; index < 200; index++) net = { node: mergeNode([net, net, mkdir(net, `/${index}`)]), output: 0 };
  assert.equal([...nodesOf(readDefinition(written(net)) ?? net)].length, 401);
});

test('a chain that is too long is refused', () => {
  let edge: LlbEdge | undefined;
  for (let index = 0; index < 102; index++) edge = mkdir(edge, '/a');
  assert.throws(() => readDefinition(written(edge), { depthMax: 100 }), /follow each other/);
});

test('an op with an unknown field keeps its bytes', () => {
  const known = sourceNode({ identifier: 'local://context' });
  const bytes = Buffer.concat([known.bytes, Buffer.from([0xa0, 0x06, 1])]);
  const end = encode(op, { inputs: [{ digest: digestOf(bytes), index: 0 }] });
  const read = readDefinition({ ...written(undefined), def: [bytes, end] });
  assert.equal(read?.node.digest, digestOf(bytes));
  assert.deepEqual(read?.node.bytes, bytes);
});
