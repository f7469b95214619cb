import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../base/errors.ts';
import { type LlbEdge, nodesOf } from '../llb/index.ts';
import type { FrontendBridge } from './bridge.ts';
import { dockerfileFrontend } from './index.ts';

interface Asked {
  readonly identifier: string;
  readonly path: string;
  readonly lengthMax: number | undefined;
}

/** A bridge that answers reads by what the edge's last source is and by path. */
async function solve(options: Readonly<Record<string, string>>, answer: (asked: Asked) => string | Buffer | undefined) {
  const asked: Asked[] = [];
  const bridge: FrontendBridge = {
    async readFile({ edge, path, lengthMax }) {
      const identifier = [...nodesOf(edge)].at(0)?.op.source?.identifier ?? '';
      const question = { identifier, path, lengthMax };
      asked.push(question);
      const found = answer(question);
      if (found === undefined) throw new EngineError('notFound', `open ${path}: no such file or directory`);
      return Buffer.from(found);
    },
    resolveImage: async () => Promise.reject(new EngineError('notFound', 'no images here')),
    warn: () => undefined,
    solve: () => assert.fail('no other frontend is asked'),
    platform: { os: 'linux', architecture: 'amd64' },
    sessionId: 's',
  };
  const request = { options: new Map(Object.entries(options)), inputs: new Map<string, LlbEdge>() };
  const { refs } = await dockerfileFrontend({ mergesLinks: true })(request, bridge, new AbortController().signal);
  const edge = refs[0]?.edge;
  return {
    asked,
    sources: edge === undefined ? [] : [...nodesOf(edge)].flatMap(({ op }) => op.source?.identifier ?? []),
  };
}

const COPY = 'FROM scratch\nCOPY a /';

test('a repository has the Dockerfile and the files', async () => {
  const options = { context: 'https://host/it.git#main:sub', filename: 'deploy/Dockerfile' };
  const { asked, sources } = await solve(options, ({ path }) => (path === 'deploy/Dockerfile' ? COPY : undefined));
  assert.deepEqual(sources, ['git://host/it.git#main:sub']);
  assert.deepEqual(
    asked.map(({ path }) => path),
    ['deploy/Dockerfile', 'deploy/Dockerfile.dockerignore', '.dockerignore'],
  );
});

test('the Dockerfile of a client is used with the files of a repository', async () => {
  const options = { context: 'https://host/it.git', dockerfilekey: 'dockerfile' };
  const { asked, sources } = await solve(options, ({ identifier }) =>
    identifier === 'local://dockerfile' ? COPY : undefined,
  );
  assert.deepEqual(sources, ['git://host/it.git']);
  assert.equal(asked[0]?.identifier, 'local://dockerfile');
});

test('an archive is unpacked, and its first bytes tell', async () => {
  const gzip = Buffer.from([0x1f, 0x8b, 0x08, 0]);
  const options = { context: 'http://buildkit-session/abc' };
  const { asked, sources } = await solve(options, ({ path }) => {
    if (path === 'context') return gzip;
    return path === 'Dockerfile' ? COPY : undefined;
  });
  assert.deepEqual(sources, ['http://buildkit-session/abc']);
  assert.equal(asked[0]?.lengthMax, 1024);
});

test('a download that is no archive is the Dockerfile', async () => {
  const options = { context: 'https://host/Dockerfile' };
  const { asked } = await solve(options, ({ path }) => (path === 'context' ? 'FROM scratch' : undefined));
  assert.deepEqual(
    asked.map(({ path }) => path),
    ['context', 'context'],
  );
});

test('a tar is told by the checksum of its header', async () => {
  const header = Buffer.alloc(1024);
  header.write('file');
  header.write('        ', 148);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const options = { context: 'http://buildkit-session/abc', contextsubdir: 'in' };
  const { sources } = await solve(options, ({ path }) => {
    if (path === 'context') return header;
    return path === 'Dockerfile' ? COPY : undefined;
  });
  assert.deepEqual(sources, ['http://buildkit-session/abc']);
});
