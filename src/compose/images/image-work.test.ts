import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from '../model/index.ts';
import { projectOf } from '../plan/testing/project.ts';
import type { RunningImage } from '../running/index.ts';
import { buildArguments } from './build-arguments.ts';
import { type ImageOptions, imageWork, maxAgeSeconds } from './image-work.ts';

const HERE: ReadonlyMap<string, RunningImage> = new Map([['here', { id: 'sha256:1', volumes: [] }]]);

function work(
  services: Readonly<Record<string, Service>>,
  options: Partial<ImageOptions> = {},
  here = HERE,
): readonly string[] {
  const project = projectOf(services);
  const all = imageWork(project, project.services.values(), here, { nowSeconds: 1000, ...options });
  return all.map(({ kind, image }) => `${kind} ${image}`);
}

test('pulls what is missing, each image once, and builds what has a build', () => {
  assert.deepEqual(work({ a: { image: 'here' }, b: { image: 'gone' }, c: { image: 'gone' }, d: { build: {} } }), [
    'pull gone',
    'build busybox',
  ]);
  assert.deepEqual(work({ a: { image: 'here', build: {} } }), []);
  assert.deepEqual(work({ a: { image: 'here', build: {} } }, { build: 'always' }), ['build here']);
});

test('follows the policies of services, and those of the command before them', () => {
  assert.deepEqual(work({ a: { image: 'here', pull_policy: 'always' } }), ['pull here']);
  assert.deepEqual(work({ a: { image: 'gone', pull_policy: 'never' } }), []);
  assert.deepEqual(work({ a: { image: 'here', build: {}, pull_policy: 'build' } }), ['build here']);
  assert.deepEqual(work({ a: { image: 'gone', build: {}, pull_policy: 'missing' } }), ['attempt gone']);
  assert.deepEqual(work({ a: { image: 'here' } }, { pull: 'always' }), ['pull here']);
  assert.deepEqual(work({ a: { image: 'gone', pull_policy: 'always' } }, { pull: 'never' }), []);
  const daily: Service = { image: 'here', pull_policy: 'daily' };
  const taggedAt = (taggedSeconds: number) => new Map([['here', { id: 'sha256:1', volumes: [], taggedSeconds }]]);
  assert.deepEqual(work({ a: daily }, { nowSeconds: 100_000 }, taggedAt(10_000)), ['pull here']);
  assert.deepEqual(work({ a: daily }, { nowSeconds: 100_000 }, taggedAt(90_000)), []);
});

test('reads the ages of policies', () => {
  assert.equal(maxAgeSeconds('weekly'), 604_800);
  assert.equal(maxAgeSeconds('every_1h30m'), 5400);
  assert.equal(maxAgeSeconds('every_2d'), 172_800);
  assert.equal(maxAgeSeconds('missing'), undefined);
});

test('says a build in the words of docker build', () => {
  const project = projectOf({
    base: { image: 'base:1', build: { context: '/app/base' } },
    web: {
      build: {
        context: '/app/web',
        dockerfile: 'docker/Dockerfile',
        args: new Map([
          ['A', '1'],
          ['FROM_ENV', null],
        ]),
        additional_contexts: new Map([['base', 'service:base']]),
        target: 'run',
        platforms: ['linux/amd64'],
        tags: ['web:2'],
      },
      image: 'web:1',
    },
  });
  const web = project.services.get('web') ?? {};
  const choices = { isPulling: true, noCache: false, args: ['B=2'], pushes: false, ssh: '' };
  assert.deepEqual(buildArguments(project, web, choices), {
    dockerfile: undefined,
    words: [
      '--tag=web:1',
      '--tag=web:2',
      '--file=/app/web/docker/Dockerfile',
      '--build-arg=A=1',
      '--build-arg=FROM_ENV',
      '--build-arg=B=2',
      '--label=com.docker.compose.project=app',
      '--label=com.docker.compose.service=web',
      '--label=com.docker.compose.version=2.40.3',
      '--build-context=base=docker-image://base:1',
      '--target=run',
      '--platform=linux/amd64',
      '--pull',
      '/app/web',
    ],
  });
});
