import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIS, type Cli, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const name = unique('filtered');

async function names(cli: Cli, args: readonly string[], column = '{{.Names}}'): Promise<string> {
  const text = await engine().ok(cli, [...args, '--format', column]);
  return text
    .split('\n')
    .map((line) => line.replace(`${name}-`, ''))
    .sort()
    .join(' ');
}

test('containers in several states to choose from', async () => {
  const run = (suffix: string, ...args: string[]) =>
    engine().ok('gantry', ['run', '-d', '--name', `${name}-${suffix}`, ...args, 'busybox', 'sleep', '600']);
  await engine().ok('gantry', ['create', '--name', `${name}-c1`, '-p', '127.0.0.1:18080:80', 'busybox', 'true']);
  await run('c2', '-p', '127.0.0.1:28080:80', '-p', '28090-28092:90-92/udp');
  await run('c3', '--expose', '7000-7001');
  await engine().ok('gantry', ['run', '--name', `${name}-c4`, 'busybox', 'true']);
  await run('c5', '--label', 'constructor=y', '-P', '--expose', '81');
});

/** What docker ps of dockerd 28.5 shows of such containers, without -a and with it. */
const RECORDED: readonly (readonly [filter: string, shown: string, all: string])[] = [
  ['since=NAME-c1', 'c2 c3 c5', 'c2 c3 c4 c5'],
  ['since=NAME-c2', 'c3 c5', 'c3 c4 c5'],
  ['before=NAME-c5', 'c2 c3', 'c1 c2 c3 c4'],
  ['before=NAME-c4', 'c2 c3', 'c1 c2 c3'],
  ['exited=0', '', 'c4'],
  ['status=exited', 'c4', 'c4'],
  ['status=created', 'c1', 'c1'],
  ['publish=80', '', ''],
  ['publish=18080', '', ''],
  ['publish=28080', 'c2', 'c2'],
  ['publish=28080/tcp', 'c2', 'c2'],
  ['publish=28090', '', ''],
  ['publish=28000-29000/udp', 'c2', 'c2'],
  ['expose=80', 'c2', 'c2'],
  ['expose=28080', '', ''],
  ['expose=90/udp', 'c2', 'c2'],
  ['expose=7000-7005/tcp', 'c3', 'c3'],
  ['expose=81', 'c5', 'c5'],
  ['publish=81', '', ''],
  ['health=none', 'c2 c3 c5', 'c1 c2 c3 c4 c5'],
  ['label=constructor', 'c5', 'c5'],
  ['label=toString', '', ''],
  ['network=bridge', 'c2 c3 c5', 'c1 c2 c3 c4 c5'],
  ['network=brid', '', ''],
  ['name=NAME-c[2-4]$', 'c2 c3', 'c2 c3 c4'],
  ['name=^/NAME-c5', 'c5', 'c5'],
];

test('a list of containers shows by each filter what it shows of dockerd', async () => {
  const shown = async (filters: object, all: boolean): Promise<string> => {
    const query = `all=${all ? 1 : 0}&filters=${encodeURIComponent(JSON.stringify(filters))}`;
    const { status, body } = await engine().api('GET', `/containers/json?${query}`);
    assert.equal(status, 200, body);
    const list = JSON.parse(body) as { readonly Names: readonly [string] }[];
    return list
      .map(({ Names: [own] }) => own.replace(`/${name}-`, ''))
      .sort()
      .join(' ');
  };
  for (const [filter, running, all] of RECORDED) {
    const equals = filter.indexOf('=');
    const value = filter.slice(equals + 1).replaceAll('NAME', name);
    const filters = { name: [name], [filter.slice(0, equals)]: [value] };
    assert.deepEqual([await shown(filters, false), await shown(filters, true)], [running, all], filter);
  }
});

for (const cli of CLIS) {
  test(`${cli} ps filters by ports, and by since and before among those that run`, async () => {
    const ps = (...args: string[]): Promise<string> => names(cli, ['ps', '--filter', `name=${name}`, ...args]);
    assert.equal(await ps('--filter', 'publish=28080'), 'c2');
    assert.equal(await ps('--filter', 'expose=80'), 'c2');
    assert.equal(await ps('--filter', `since=${name}-c1`), 'c2 c3 c5');
    assert.equal(await ps('-a', '--filter', `before=${name}-c3`), 'c1 c2');
  });

  test(`${cli}: no pattern for a name holds the engine`, async () => {
    const volume = `${'a'.repeat(60)}-${unique('v')}`;
    await engine().ok(cli, ['volume', 'create', '--label', 'constructor=x', volume]);
    // On an engine of expressions that goes back this takes years.
    for (const pattern of ['(a+)+$', '(a|aa)+$', '(a*)*-x']) {
      for (const list of [
        ['volume', 'ls'],
        ['network', 'ls'],
        ['ps', '-a'],
      ]) {
        assert.equal(await engine().ok(cli, [...list, '-q', '--filter', `name=${pattern}`]), '', pattern);
      }
    }
    assert.equal(await names(cli, ['volume', 'ls', '--filter', 'name=^a+-'], '{{.Name}}'), volume);
    assert.equal(await names(cli, ['volume', 'ls', '--filter', 'label=constructor'], '{{.Name}}'), volume);
    assert.equal(await names(cli, ['volume', 'ls', '--filter', 'label=toString'], '{{.Name}}'), '');
    await engine().ok(cli, ['volume', 'rm', volume]);
  });

  test(`${cli}: images made within one second are told apart by since, before and until`, async () => {
    const image = unique('quick');
    const label = `made=${image}`;
    for (const at of [1, 2, 3, 4, 5])
      await engine().ok(cli, ['commit', '--change', `LABEL ${label}`, `${name}-c4`, `${image}:${at}`]);
    const list = (...filters: string[]): Promise<string> =>
      names(
        cli,
        ['images', '--filter', `label=${label}`, ...filters.flatMap((each) => ['--filter', each])],
        '{{.Tag}}',
      );
    assert.equal(await list(`since=${image}:2`), '3 4 5');
    assert.equal(await list(`before=${image}:4`), '1 2 3');
    assert.equal(await list(`since=${image}:1`, `before=${image}:3`), '2');
    const created = await engine().ok(cli, ['inspect', '-f', '{{.Created}}', `${image}:3`]);
    assert.equal(await list(`until=${created}`), '1 2');
    const newestFirst = await engine().ok(cli, ['images', '--filter', `label=${label}`, '--format', '{{.Tag}}']);
    assert.equal(newestFirst, '5\n4\n3\n2\n1');
    await engine().ok(cli, ['rmi', ...[1, 2, 3, 4, 5].map((at) => `${image}:${at}`)]);
  });

  test(`${cli} ps names the image of a container by its full digest when its tag has moved`, async () => {
    const image = unique('moved');
    await engine().ok(cli, ['tag', 'busybox', `${image}:1`]);
    const container = await engine().ok(cli, ['create', `${image}:1`, 'true']);
    const id = await engine().ok(cli, ['inspect', '-f', '{{.Image}}', container]);
    const shown = (...args: string[]): Promise<string> =>
      engine().ok(cli, ['ps', '-a', '--filter', `id=${container}`, '--format', '{{.Image}}', ...args]);
    assert.equal(await shown(), `${image}:1`);
    await engine().ok(cli, ['commit', `${name}-c4`, `${image}:1`]);
    assert.equal(await shown('--no-trunc'), id);
    assert.equal(await shown(), id.slice('sha256:'.length, 'sha256:'.length + 12));
    await engine().ok(cli, ['rm', container]);
    await engine().ok(cli, ['rmi', `${image}:1`]);
  });
}

/** The events of which dockerd 28.5 tells by each filter: of a container A with a label, of B, renamed to C, and of others. */
const EVENTS: readonly (readonly [filters: readonly string[], told: readonly string[]])[] = [
  [['label=constructor', 'event=create'], ['create A']],
  [['label=constructor=y'], ['create A', 'start A', 'kill A', 'die A', 'destroy A']],
  [['label=constructor=z'], []],
  [['label=toString'], []],
  [['label=hasOwnProperty'], []],
  [
    ['label=tier', 'event=create'],
    ['create A', 'create B'],
  ],
  [['label=tier', 'label=constructor', 'event=create'], ['create A']],
  // Labels of a network or volume are not in its events.
  [['label=tier=net'], []],
  [['container=A', 'event=create'], ['create A']],
  [
    ['container=', 'type=container', 'event=create'],
    ['create A', 'create B'],
  ],
  [['container=B'], ['create B']],
  [['container=C'], ['rename C', 'destroy C']],
  [
    ['container=A', 'container=C', 'event=destroy'],
    ['destroy C', 'destroy A'],
  ],
  [['network=NET'], ['create NET', 'destroy NET']],
  [['network=A', 'event=create'], ['create A']],
  [['node=A', 'event=create'], ['create A']],
  [['daemon=A', 'event=create'], ['create A']],
  [['service=x'], []],
  [['secret=x'], []],
  [['config=x'], []],
  [['plugin=x'], []],
  [['type=network'], ['create NET', 'destroy NET']],
  [['type=net'], []],
  [['event=cre'], []],
  [['scope=swarm'], []],
  [
    ['scope=local', 'event=create'],
    ['create A', 'create B', 'create NET'],
  ],
  // Unknown filters have no effect.
  [
    ['constructor=x', 'event=create'],
    ['create A', 'create B', 'create NET'],
  ],
  [
    ['__proto__=x', 'event=create'],
    ['create A', 'create B', 'create NET'],
  ],
];

/** Makes events, and returns the time from which to ask for them. */
async function makeEvents(at: string): Promise<string> {
  const since = String(Date.now() / 1000);
  const ok = (...args: string[]): Promise<string> => engine().ok(CLIS[0] ?? 'gantry', args);
  const create = (letter: string, ...labels: string[]): Promise<string> =>
    ok(
      'create',
      '--name',
      `${at}-${letter}`,
      ...labels.flatMap((each) => ['--label', each]),
      'busybox',
      'sleep',
      '600',
    );
  await create('A', 'constructor=y', 'tier=front');
  await ok('start', `${at}-A`);
  await create('B', 'tier=back');
  await ok('network', 'create', '--label', 'tier=net', `${at}-NET`);
  await ok('volume', 'create', '--label', 'tier=volume', `${at}-volume`);
  await ok('rename', `${at}-B`, `${at}-C`);
  await ok('kill', `${at}-A`);
  await ok('wait', `${at}-A`);
  // One command would remove both at once.
  for (const letter of ['C', 'A']) await ok('rm', `${at}-${letter}`);
  await ok('network', 'rm', `${at}-NET`);
  await ok('volume', 'rm', `${at}-volume`);
  return since;
}

test('events are told by each filter as dockerd tells them, in every version, and by the command lines', async () => {
  const at = unique('told');
  const since = await makeEvents(at);
  const until = String(Date.now() / 1000);
  const full = (filter: string): string => filter.replace(/^(container|network|node|daemon)=/, `$1=${at}-`);
  const own = (lines: readonly string[]): readonly string[] =>
    lines.filter((line) => line.includes(`${at}-`) && !/connect/.test(line)).map((line) => line.replace(`${at}-`, ''));
  const tell = async (version: string, filters: readonly string[]): Promise<readonly string[]> => {
    const given: Record<string, string[]> = Object.create(null);
    for (const filter of filters.map(full)) {
      const equals = filter.indexOf('=');
      const key = filter.slice(0, equals);
      given[key] = [...(given[key] ?? []), filter.slice(equals + 1)];
    }
    const query = `since=${since}&until=${until}&filters=${encodeURIComponent(JSON.stringify(given))}`;
    const { status, body } = await engine().api('GET', `/v${version}/events?${query}`);
    assert.equal(status, 200, body);
    const events = body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    return own(events.map(({ Action, Actor }) => `${Action} ${Actor.Attributes.name}`));
  };
  for (const [filters, told] of EVENTS) {
    for (const version of ['1.24', '1.40', '1.45', '1.51', '1.52'])
      assert.deepEqual(await tell(version, filters), told, `${version}: ${filters.join(' ')}`);
  }
  for (const cli of CLIS) {
    for (const [filters, told] of EVENTS.slice(0, 4)) {
      const given = filters.flatMap((each) => ['--filter', full(each)]);
      const shown = ['--format', '{{.Action}} {{.Actor.Attributes.name}}'];
      const text = await engine().ok(cli, ['events', '--since', since, '--until', until, ...shown, ...given]);
      assert.deepEqual(own(text.split('\n')), told, filters.join(' '));
    }
  }
});

/** The answers of dockerd 28.5 to filters of lists; it has 500 where a port is none. */
const REFUSED: readonly (readonly [path: string, filters: object, message: string])[] = [
  ['containers/json', { constructor: ['a'] }, "invalid filter 'constructor'"],
  ['images/json', { constructor: ['a'] }, "invalid filter 'constructor'"],
  ['images/json', { name: [] }, "invalid filter 'name'"],
  ['images/json', { dangling: ['T'] }, "invalid filter 'dangling=[T]'"],
  ['images/json', { dangling: ['true', 'false'] }, "invalid filter 'dangling=[true false]'"],
  ['images/json', { reference: ['a[b'] }, 'syntax error in pattern'],
  ['images/json', { before: ['x'] }, 'No such image: x:latest'],
  ['networks', { constructor: ['a'] }, "invalid filter 'constructor'"],
  ['networks', { type: ['x'] }, "invalid filter: 'type'='x'"],
  [
    'networks',
    { dangling: ['x'] },
    'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")',
  ],
  ['networks', { dangling: ['true', 'false'] }, 'got more than one value for filter key "dangling"'],
  ['volumes', { constructor: ['a'] }, "invalid filter 'constructor'"],
  ['volumes', { dangling: ['TRUE'] }, "invalid filter 'dangling=[TRUE]'"],
  ['volumes', { dangling: [] }, "invalid filter 'dangling'"],
  [
    'containers/json',
    { status: ['x'] },
    "invalid filter 'status=x': invalid value for state (x): must be one of created, running, paused, restarting, removing, exited, dead",
  ],
  ['containers/json', { exited: ['x'] }, 'invalid filter \'exited=x\': strconv.Atoi: parsing "x": invalid syntax'],
  [
    'containers/json',
    { health: ['x'] },
    "invalid filter 'health=x': invalid value for health (x): must be one of none, starting, healthy, unhealthy",
  ],
  ['containers/json', { 'is-task': ['true', 'false'] }, "invalid filter 'is-task=[true false]'"],
  ['containers/json', { before: ['x'] }, 'No such container: x'],
  [
    'containers/json',
    { publish: ['x'] },
    'error while looking up for publish x: strconv.ParseUint: parsing "x": invalid syntax',
  ],
];

test('filters that are none are refused in the words of dockerd, whatever objects inherit', async () => {
  for (const [path, filters, message] of REFUSED) {
    const query = encodeURIComponent(JSON.stringify(filters));
    const { status, body } = await engine().api('GET', `/${path}?filters=${query}`);
    assert.deepEqual([status, JSON.parse(body)], [message.startsWith('No such') ? 404 : 400, { message }], path);
  }
  for (const noun of ['containers', 'images', 'networks', 'volumes']) {
    const query = encodeURIComponent('{"__proto__":["a"]}');
    const { status, body } = await engine().api('POST', `/${noun}/prune?filters=${query}`);
    assert.deepEqual([status, JSON.parse(body)], [400, { message: "invalid filter '__proto__'" }], noun);
  }
});

test('the containers are removed', async () => {
  for (const at of [1, 2, 3, 4, 5]) await engine().ok('gantry', ['rm', '-f', `${name}-c${at}`]);
});
