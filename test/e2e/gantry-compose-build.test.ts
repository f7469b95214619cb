import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeProject } from '../support/compose-project.ts';
import { useEngine } from '../support/fixture.ts';

// What `gantry compose build` does beside building: checks, bake files, attestations, labels.
const engine = useEngine();

const FILES = {
  'compose.yaml': `
services:
  good:
    build: { dockerfile_inline: "FROM busybox\\nARG WHO=none\\nRUN echo $$WHO > /who\\n", args: { WHO: file } }
  bad: { build: bad }
`,
  'bad/Dockerfile': 'FROM busybox as base\nRUN exit 7\n',
};

test('build --check shows what it finds, and builds nothing', async (t) => {
  const app = composeProject(t, engine(), FILES);
  const good = await app.compose('build', '--check', 'good');
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /^good\n\n.*no warnings found/s);
  const both = await app.compose('build', '--check');
  assert.equal(both.code, 1);
  assert.match(both.stdout, /^bad$.*FromAsCasing.*^good$/ms);
  assert.equal(await engine().ok('gantry', ['images', '-q', `${app.name}-good`]), '');
});

test('what is the context of a named service is checked and built with it', async (t) => {
  const app = composeProject(t, engine(), {
    'compose.yaml': `
services:
  web:
    build: { dockerfile_inline: "FROM base\\nRUN cat /base\\n", additional_contexts: { base: "service:base" } }
  base:
    build: { dockerfile_inline: "FROM busybox as b\\nRUN --mount=type=secret,id=s cat /run/secrets/s >/base\\n", secrets: [s] }
secrets: { s: { file: ./s } }
`,
    s: 'secret\n',
  });
  const checked = await app.compose('build', '--check', 'web');
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, /^base$.*FromAsCasing.*^web\n\nCheck complete, no warnings found\.$/ms);
  assert.equal(await engine().ok('gantry', ['images', '-q', `${app.name}-base`]), '');
  await app.ok('build', 'web');
  assert.equal(await app.ok('run', '--rm', '-T', 'web', 'cat', '/base'), 'secret');
});

test('build --print shows a bake file', async (t) => {
  const app = composeProject(t, engine(), FILES);
  const { target } = JSON.parse(await app.ok('build', '--print', '--build-arg', 'WHO=line', '--pull', 'bad'));
  assert.deepEqual(target, {
    bad: {
      context: `${app.folder}/bad`,
      dockerfile: `${app.folder}/bad/Dockerfile`,
      args: { WHO: 'line' },
      labels: {
        'com.docker.compose.project': app.name,
        'com.docker.compose.service': 'bad',
        'com.docker.compose.version': '2.40.3',
      },
      tags: [`${app.name}-bad`],
      pull: true,
      output: ['type=docker'],
    },
  });
});

test('arguments of the command line come before those of the file, and images have the labels of the project', async (t) => {
  const app = composeProject(t, engine(), FILES);
  await app.ok('build', '--build-arg', 'WHO=line', '--provenance=false', '--sbom=false', 'good');
  assert.equal(await app.ok('run', '--rm', 'good', 'cat', '/who'), 'line');
  const filter = `label=com.docker.compose.project=${app.name}`;
  assert.notEqual(await engine().ok('gantry', ['images', '-q', '--filter', filter]), '');
});
