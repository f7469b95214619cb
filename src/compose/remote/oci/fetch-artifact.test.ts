import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Digest } from '../../../base/ids.ts';
import { type Descriptor, MEDIA_TYPE } from '../../../spec/index.ts';
import type { Cache } from '../cached.ts';
import { ANNOTATION, ARTIFACT } from './artifact.ts';
import { type ArtifactSource, fetchArtifact } from './fetch-artifact.ts';

const digestOf = (bytes: Uint8Array): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;

interface GivenLayer {
  readonly text: string;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** A registry with one artifact, which may send other bytes than it says. */
function registryOf(layers: readonly GivenLayer[], manifest: object = {}, sent?: string): ArtifactSource {
  const blobs = new Map(layers.map(({ text }) => [digestOf(Buffer.from(text)), Buffer.from(sent ?? text)]));
  const descriptors = layers.map(({ text, mediaType = ARTIFACT.composeFile, annotations = {} }) => {
    const bytes = Buffer.from(text);
    return { mediaType, digest: digestOf(bytes), size: bytes.length, annotations };
  });
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(Buffer.from('{}')), size: 2 };
  const text = { schemaVersion: 2, artifactType: ARTIFACT.type, config, layers: descriptors, ...manifest };
  const bytes = Buffer.from(JSON.stringify(text));
  return {
    manifest: async () => ({
      descriptor: { mediaType: MEDIA_TYPE.ociManifest, digest: digestOf(bytes), size: bytes.length },
      bytes,
    }),
    download: async ({ digest }: Descriptor, sink) => sink.write(blobs.get(digest) ?? Buffer.from('')),
  };
}

function emptyCache(t: TestContext): Cache {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-artifact-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const removeTree = (path: string): void => rmSync(path, { recursive: true, force: true });
  return { folder: join(folder, 'cache'), removeTree };
}

const { signal } = new AbortController();
const file = (name: string): Record<string, string> => ({ [ANNOTATION.file]: name });

test('Compose files become documents of one file, extended files and files of variables stay', async (t) => {
  const cache = emptyCache(t);
  const source = registryOf([
    { text: 'a: 1\n', annotations: file('compose.yaml') },
    { text: 'b: 2\n', annotations: file('over.yaml') },
    { text: 'c: 3\n', annotations: { ...file('base.yaml'), [ANNOTATION.extends]: 'true' } },
    { text: 'D=4\n', mediaType: ARTIFACT.envFile, annotations: { [ANNOTATION.envFile]: 'd.env' } },
    { text: 'other', mediaType: 'text/plain' },
  ]);
  const fetched = await fetchArtifact({ cache, open: async () => source }, 'oci://host/x', signal);
  assert.equal(fetched.file, join(fetched.root, 'compose.yaml'));
  const texts = readdirSync(fetched.root).map((name) => [name, readFileSync(join(fetched.root, name), 'utf8')]);
  assert.deepEqual(Object.fromEntries(texts), {
    'compose.yaml': 'a: 1\n\n---\nb: 2\n',
    'base.yaml': '\n---\nc: 3\n',
    'd.env': 'D=4\n',
  });
});

test('what is no project, or a hostile one, is refused and leaves nothing', async (t) => {
  const own = { text: 'a: 1\n', annotations: file('compose.yaml') };
  const base = (name: unknown): GivenLayer => ({
    text: 'b: 2\n',
    annotations: { [ANNOTATION.extends]: 'true', [ANNOTATION.file]: name },
  });
  const env = (name: unknown): GivenLayer => ({
    text: 'B=2\n',
    mediaType: ARTIFACT.envFile,
    annotations: { [ANNOTATION.envFile]: name },
  });
  const huge = [{ mediaType: ARTIFACT.composeFile, digest: digestOf(Buffer.from('')), size: 40 << 20 }];
  const cases: readonly (readonly [ArtifactSource, RegExp])[] = [
    [registryOf([own], { artifactType: 'text/x' }), /is not a compose project OCI artifact, but text\/x/],
    [registryOf([own], { artifactType: undefined }), /is not a compose project OCI artifact/],
    [registryOf([own, base('../x.yaml')]), /has a file name that is not allowed: "\.\.\/x\.yaml"/],
    [registryOf([own, base('..')]), /not allowed/],
    [registryOf([own, base('compose.yaml')]), /not allowed/],
    [registryOf([own, base('a\\b')]), /not allowed/],
    [registryOf([own, base(5)]), /annotations is not a map of strings/],
    [registryOf([own, env('/etc/x')]), /not allowed/],
    [registryOf([own, env('a\u0000b')]), /not allowed/],
    [registryOf([own, env(undefined)]), /no annotation/],
    [registryOf([own], {}, 'b: 2\n'), /a layer whose digest is not sha256:/],
    [registryOf([own], {}, 'a: 1\nmore: 2\n'), /has more than 5 bytes/],
    [registryOf([own], { layers: huge }), /has more than 32 MiB/],
    [registryOf([]), /the artifact has no Compose file/],
    [registryOf([own], { layers: 'x' }), /layers/],
  ];
  for (const [source, reason] of cases) {
    const cache = emptyCache(t);
    await assert.rejects(fetchArtifact({ cache, open: async () => source }, 'oci://host/x:1', signal), reason);
    assert.deepEqual(existsSync(cache.folder) ? readdirSync(cache.folder) : [], []);
  }
});
