import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeJson } from '../config/write-json.ts';
import { projectOf } from '../plan/testing/project.ts';
import { bakeFile } from './bake-file.ts';

const choices = { isPulling: false, noCache: false, args: [], pushes: false, ssh: '' };

test('says each key of a build, and the builds that are its contexts', () => {
  const project = {
    ...projectOf({
      a: {
        image: 'app/a',
        build: {
          context: '/app/ctx',
          dockerfile: 'D',
          args: new Map([
            ['A', '1'],
            ['EMPTY', ''],
            ['NOPE', null],
          ]),
          additional_contexts: new Map([
            ['n', '/app/other'],
            ['img', 'docker-image://busybox'],
            ['svc', 'service:b'],
          ]),
          cache_from: ['type=local,src=x'],
          no_cache: true,
          pull: true,
          shm_size: 134217728,
          network: 'host',
          ssh: [
            { id: 'default', path: '' },
            { id: 'k', path: '/x/y' },
          ],
          secrets: [{ source: 's1' }, { source: 's2', target: 'tt' }],
          extra_hosts: new Map([['h', ['1.2.3.4', '1.2.3.5']]]),
          ulimits: new Map([
            ['nofile', { single: 10, soft: 0, hard: 0 }],
            ['nproc', { single: 0, soft: 1, hard: 2 }],
          ]),
          privileged: true,
          entitlements: ['network.host'],
          platforms: ['linux/amd64', 'linux/arm64'],
          tags: ['t:1'],
          provenance: 'mode=max',
          sbom: 'true',
          labels: new Map([['z', '1']]),
        },
      },
      b: { build: { context: '/app', dockerfile_inline: 'FROM busybox' } },
      c: {},
    }),
    secrets: new Map([
      ['s1', { file: '/app/f' }],
      ['s2', { environment: 'E' }],
    ]),
  };
  const { group, target } = JSON.parse(writeJson(bakeFile(project, ['a'], choices)));
  assert.deepEqual(group, { default: { targets: ['a', 'b'] } });
  const labels = (service: string): object => ({
    'com.docker.compose.project': 'app',
    'com.docker.compose.service': service,
    'com.docker.compose.version': '2.40.3',
  });
  // What docker compose 2.40.3 printed for this project.
  assert.deepEqual(target.a, {
    context: '/app/ctx',
    contexts: { img: 'docker-image://busybox', n: '/app/other', svc: 'target:b' },
    dockerfile: '/app/ctx/D',
    args: { A: '1', EMPTY: '' },
    labels: { ...labels('a'), z: '1' },
    tags: ['t:1', 'app/a'],
    'cache-from': ['type=local,src=x'],
    secret: ['id=s1,type=file,src=/app/f', 'id=tt,type=env,env=E'],
    ssh: ['default=', 'k=/x/y'],
    platforms: ['linux/amd64', 'linux/arm64'],
    pull: true,
    'no-cache': true,
    network: 'host',
    'shm-size': '134217728',
    ulimits: ['nofile=10', 'nproc=1:2'],
    entitlements: ['network.host', 'security.insecure'],
    'extra-hosts': { h: '1.2.3.4,1.2.3.5' },
    output: ['type=image,push=false'],
    attest: ['type=provenance,mode=max', 'type=sbom'],
  });
  assert.deepEqual(target.b, {
    context: '/app',
    'dockerfile-inline': 'FROM busybox',
    labels: labels('b'),
    tags: ['busybox'],
    output: ['type=docker'],
  });
});
