import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Project, Service } from '../model/index.ts';
import { LABEL, type Running, type RunningContainer } from '../running/index.ts';
import type { Plan } from './plan.ts';
import { planUp } from './plan-up.ts';
import { resolveReferences } from './resolve-references.ts';
import { nothingRuns, plainHashes, projectOf, runningContainer } from './testing/project.ts';

function plan(project: Project, running: Partial<Running>, policy: 'diverged' | 'force' | 'never' = 'diverged'): Plan {
  const services = new Set(project.services.keys());
  const options = { services, asked: services, policy, dependencyPolicy: policy } as const;
  return planUp(project, { ...nothingRuns(), ...running }, options, plainHashes);
}

function service(project: Project, name: string): Service {
  const found = project.services.get(name);
  assert.ok(found);
  return found;
}

/** `create app-web-1`, `keep app-web-2`. */
function changesOf({ services }: Plan, name: string): readonly string[] {
  const found = services.find((each) => each.service === name);
  return (found?.containers ?? []).map((change) => {
    const reason = change.kind === 'recreate' ? ` (${Object.values(change.reason).join(' ')})` : '';
    return `${change.kind} ${change.kind === 'create' ? change.name : change.existing.name}${reason}`;
  });
}

test('creates what is missing, networks and volumes of the services alone, dependencies first', () => {
  const project = projectOf(
    {
      web: {
        depends_on: new Map([['db', { condition: 'service_started' }]]),
        networks: new Map([['front', null]]),
        scale: 2,
      },
      db: { volumes: [{ type: 'volume', source: 'data', target: '/data' }] },
    },
    { networks: { front: {}, unused: {} }, volumes: { data: { name: 'own' }, unused: {} } },
  );
  const made = plan(project, {});
  assert.deepEqual(made.networks, [{ key: 'front', name: 'app_front', kind: 'create' }]);
  assert.deepEqual(made.volumes, [{ key: 'data', name: 'own', kind: 'create' }]);
  assert.deepEqual(
    made.services.map((each) => each.service),
    ['db', 'web'],
  );
  assert.deepEqual(changesOf(made, 'web'), ['create app-web-1', 'create app-web-2']);
});

test('keeps what is as wanted, and says why it recreates something', () => {
  const project = projectOf(
    { web: { command: ['a'] }, old: {}, moved: { networks: new Map([['net', null]]) } },
    { networks: { net: {} } },
  );
  const networks = [{ id: 'n1', name: 'app_net', labels: { [LABEL.project]: 'app', [LABEL.network]: 'net' } }];
  const running = {
    networks,
    images: new Map([['busybox', { id: 'sha256:new', volumes: [] }]]),
    containers: [
      runningContainer(service(project, 'web'), 1),
      runningContainer({ ...service(project, 'web'), command: ['b'] }, 2),
      runningContainer(service(project, 'old'), 1, {
        labels: { [LABEL.configHash]: plainHashes.service(service(project, 'old')), [LABEL.image]: 'sha256:old' },
      }),
      runningContainer(service(project, 'moved'), 1, { networkIds: ['another'] }),
    ],
  };
  const made = plan(project, running);
  assert.deepEqual(changesOf(made, 'web'), ['keep app-web-1', 'remove app-web-2']);
  assert.deepEqual(changesOf(made, 'old'), ['recreate app-old-1 (image)']);
  assert.deepEqual(changesOf(made, 'moved'), ['recreate app-moved-1 (network net)']);
  assert.deepEqual(changesOf(plan(project, running, 'never'), 'old'), ['keep app-old-1']);
  assert.deepEqual(changesOf(plan(project, running, 'force'), 'web'), [
    'recreate app-web-1 (forced)',
    'remove app-web-2',
  ]);
});

test('scales down from what has changed and from the highest number, and up after the highest number', () => {
  const project = projectOf({ web: { command: ['a'], scale: 2 } });
  const web = service(project, 'web');
  const containers = [
    runningContainer({ ...web, command: ['b'] }, 1),
    runningContainer(web, 2),
    runningContainer(web, 3),
    runningContainer(web, 7),
  ];
  assert.deepEqual(changesOf(plan(project, { containers }), 'web'), [
    'keep app-web-2',
    'keep app-web-3',
    'remove app-web-7',
    'remove app-web-1',
  ]);
  assert.deepEqual(changesOf(plan(project, { containers: [runningContainer(web, 7)] }), 'web'), [
    'keep app-web-7',
    'create app-web-8',
  ]);
});

test('recreates what shares something with a container that is made anew, and restarts what asks for it', () => {
  const project = projectOf({
    db: { command: ['a'] },
    side: { network_mode: 'service:db', depends_on: new Map([['db', { restart: true }]]) },
    web: { depends_on: new Map([['db', { restart: true }]]) },
  });
  const db = service(project, 'db');
  const sideOf = (container: RunningContainer): RunningContainer => {
    const { service: resolved } = resolveReferences(service(project, 'side'), () => [container]);
    return runningContainer(service(project, 'side'), 1, {
      labels: { [LABEL.configHash]: plainHashes.service(resolved) },
    });
  };
  const same = runningContainer(db, 1);
  const other = runningContainer({ ...db, command: ['b'] }, 1);
  const web = runningContainer(service(project, 'web'), 1);
  const kept = plan(project, { containers: [same, sideOf(same), web] });
  assert.deepEqual(changesOf(kept, 'side'), ['keep app-side-1']);
  assert.equal(kept.services.find((each) => each.service === 'web')?.isRestarted, false);
  const made = plan(project, { containers: [other, sideOf(other), web] });
  assert.deepEqual(changesOf(made, 'side'), ['recreate app-side-1 (service db)']);
  assert.deepEqual(changesOf(made, 'web'), ['keep app-web-1']);
  assert.equal(made.services.find((each) => each.service === 'web')?.isRestarted, true);
});

test('puts right what an up that was cut off has left', () => {
  const project = projectOf({ web: {} });
  const web = service(project, 'web');
  const old = runningContainer(web, 1, { id: 'a'.repeat(64), labels: {} });
  const temporary = runningContainer(web, 1, { name: `${'a'.repeat(12)}_app-web-1`, state: 'created' });
  const both = plan(project, { containers: [old, temporary] });
  assert.deepEqual(changesOf(both, 'web'), ['recreate app-web-1 (configuration)', `remove ${temporary.name}`]);
  const [change] = plan(project, { containers: [temporary] }).services[0]?.containers ?? [];
  assert.deepEqual(change, { kind: 'keep', existing: temporary, newName: 'app-web-1' });
});

test('tells networks, volumes and containers of others from those of the project', () => {
  const project = projectOf(
    { web: { networks: new Map([['net', null]]), volumes: [{ type: 'volume', source: 'data', target: '/d' }] } },
    { networks: { net: {} }, volumes: { data: { driver: 'x' } } },
  );
  const own = {
    id: 'n1',
    name: 'app_net',
    labels: { [LABEL.project]: 'app', [LABEL.network]: 'net', [LABEL.configHash]: 'other' },
  };
  const volumes = new Map([['app_data', { name: 'app_data', labels: { [LABEL.configHash]: 'other' } }]]);
  const orphan = runningContainer({ name: 'gone' }, 1);
  const oneOff = runningContainer({ name: 'gone' }, 2, { isOneOff: true });
  const made = plan(project, { networks: [own], volumes, containers: [orphan, oneOff] });
  assert.deepEqual(made.networks, [{ key: 'net', name: 'app_net', kind: 'recreate', id: 'n1' }]);
  assert.deepEqual(made.volumes, [{ key: 'data', name: 'app_data', kind: 'differs' }]);
  assert.deepEqual(made.orphans, [orphan]);
  assert.throws(() => plan(project, { networks: [{ ...own, labels: {} }] }), {
    kind: 'invalid',
    message: /incorrect label/,
  });
  const external = projectOf(
    { web: { networks: new Map([['net', null]]) } },
    { networks: { net: { name: 'shared', external: true } } },
  );
  assert.throws(() => plan(external, {}), { message: 'network shared declared as external, but could not be found' });
});

test('refuses a name for several containers, and circles', () => {
  assert.throws(() => plan(projectOf({ web: { container_name: 'one', scale: 2 } }), {}), {
    kind: 'invalid',
    message: /only one/,
  });
  const circle = projectOf({ a: { depends_on: new Map([['b', {}]]) }, b: { depends_on: new Map([['a', {}]]) } });
  assert.throws(() => plan(circle, {}), { message: 'dependency cycle detected: a -> b -> a' });
});

test('a service of a provider has no containers', () => {
  const cloud = { provider: { type: 'cloud' }, name: 'db' };
  const running = { ...nothingRuns(), containers: [runningContainer(cloud, 1)] };
  const [service] = plan(projectOf({ db: cloud }), running).services;
  assert.deepEqual(
    service?.containers.map(({ kind }) => kind),
    ['remove'],
  );
});
