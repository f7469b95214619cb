import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DnsServer, dnsServer, type Zone } from '../support/dns-server.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { execIn } from '../support/exec-in.ts';
import { CLIS, eventually, loadBusybox, unique } from '../support/fixture.ts';
import { program } from '../support/programs.ts';

/**
 * What programs make of names in containers: glibc, musl, Go and both ways of Node. A row of the table is a case, with what each of
 * them finds.
 */

/** Sorted addresses or names, or a word of `test/programs/README.md`. */
type Outcome = readonly string[] | 'none' | 'again' | 'no-data' | 'not-found';

const RESOLVERS = ['glibc', 'musl', 'go', 'node lookup', 'node resolve'] as const;
type Resolver = (typeof RESOLVERS)[number];

type Kind = 'any' | 'v4' | 'v6' | 'ptr' | 'aaaa' | 'srv';
/** Resolvers that have no such question. */
const WITHOUT: Readonly<Partial<Record<Kind, readonly Resolver[]>>> = {
  aaaa: ['go', 'node lookup'],
  srv: ['node lookup'],
};

/** Containers that ask: on both networks, with `ndots:2`, with `use-vc`, on an internal network. */
type Asker = 'client' | 'ndots' | 'tcp' | 'inner';

/** The names and addresses of the containers that are looked for. */
interface Facts {
  readonly four: string;
  readonly dual: string;
  readonly web: { readonly name: string; readonly id: string; readonly v4: string };
  readonly both: { readonly name: string; readonly v4: string; readonly v6: string };
  readonly service: readonly string[];
  readonly many: readonly string[];
  readonly inner: { readonly name: string; readonly v4: string };
  readonly hostGateway: string;
}

interface Row {
  readonly what: string;
  readonly from?: Asker;
  readonly kind: Kind;
  readonly name: string | ((facts: Facts) => string);
  readonly found: Outcome | ((facts: Facts) => Outcome);
  /** Resolvers that find something else, as they do with every server. */
  readonly but?: Readonly<Partial<Record<Resolver, Outcome | ((facts: Facts) => Outcome)>>>;
  /** Resolvers that take a part of a truncated answer: musl before 1.2.4 does not ask by TCP. */
  readonly partial?: readonly Resolver[];
}

/** More than an answer of 512 bytes holds, and less than the 48 addresses that musl takes. */
const MANY = 36;
const BIG = Array.from({ length: 45 }, (_, index) => `10.9.7.${index + 1}`).sort();
const ZONE: Zone = {
  'example.test': { A: ['10.9.8.7'], AAAA: ['fd00:9::7'] },
  'four.example.test': { A: ['10.9.8.8'] },
  'big.example.test': { A: BIG },
  '_http._tcp.example.test': { SRV: ['web.example.test:8080'] },
  '7.8.9.10.in-addr.arpa': { PTR: ['example.test'] },
  'printer.corp.test': { A: ['10.9.8.9'] },
  'a.b': { A: ['10.9.8.10'] },
  'a.b.corp.test': { A: ['10.9.8.11'] },
};

const NO_SEARCH = { 'node resolve': 'none' } as const;

const TABLE: readonly Row[] = [
  { what: "a container's name", kind: 'any', name: ({ web }) => web.name, found: ({ web }) => [web.v4] },
  {
    what: 'its name in capitals',
    kind: 'any',
    name: ({ web }) => web.name.toUpperCase(),
    found: ({ web }) => [web.v4],
  },
  { what: 'its short id', kind: 'any', name: ({ web }) => web.id.slice(0, 12), found: ({ web }) => [web.v4] },
  { what: 'its alias', kind: 'any', name: 'db', found: ({ web }) => [web.v4] },
  { what: 'its name and network', kind: 'any', name: (f) => `${f.web.name}.${f.four}`, found: ({ web }) => [web.v4] },
  { what: 'a link', kind: 'any', name: 'peer', found: ({ web }) => [web.v4] },
  { what: 'a service of several containers', kind: 'any', name: 'service', found: (f) => f.service },
  { what: 'more addresses than a datagram holds', kind: 'any', name: 'many', found: (f) => f.many, partial: ['musl'] },
  { what: 'IPv6 of a name without', kind: 'v6', name: ({ web }) => web.name, found: 'none' },
  { what: 'AAAA of a name without', kind: 'aaaa', name: ({ web }) => web.name, found: 'no-data' },
  { what: 'a name of both families', kind: 'any', name: 'both', found: ({ both }) => [both.v4, both.v6] },
  { what: 'its IPv4 alone', kind: 'v4', name: 'both', found: ({ both }) => [both.v4] },
  { what: 'its IPv6 alone', kind: 'v6', name: 'both', found: ({ both }) => [both.v6] },
  { what: 'an address', kind: 'ptr', name: ({ web }) => web.v4, found: (f) => [`${f.web.name}.${f.four}`] },
  { what: 'an IPv6 address', kind: 'ptr', name: ({ both }) => both.v6, found: (f) => [`${f.both.name}.${f.dual}`] },
  { what: 'SRV of a container', kind: 'srv', name: ({ web }) => web.name, found: 'no-data', but: { go: 'none' } },
  { what: 'SRV of another server', kind: 'srv', name: '_http._tcp.example.test', found: ['web.example.test:8080'] },
  { what: 'a name of another server', kind: 'any', name: 'example.test', found: ['10.9.8.7', 'fd00:9::7'] },
  { what: 'one of IPv4 alone', kind: 'any', name: 'four.example.test', found: ['10.9.8.8'] },
  { what: 'AAAA of one of IPv4 alone', kind: 'aaaa', name: 'four.example.test', found: 'no-data' },
  { what: 'an address of another server', kind: 'ptr', name: '10.9.8.7', found: ['example.test'] },
  { what: 'a truncated answer', kind: 'any', name: 'big.example.test', found: BIG, partial: ['musl'] },
  {
    what: 'a name of the search domain',
    kind: 'any',
    name: 'printer',
    found: ['10.9.8.9'],
    // With `ndots:0`, which Docker writes, musl searches for no name.
    but: { ...NO_SEARCH, musl: 'none' },
  },
  { what: 'a name with as many dots as ndots', kind: 'any', name: 'a.b', found: ['10.9.8.10'] },
  {
    what: 'a name with fewer dots than ndots',
    from: 'ndots',
    kind: 'any',
    name: 'a.b',
    found: ['10.9.8.11'],
    but: { 'node resolve': ['10.9.8.10'] },
  },
  { what: 'a container, with ndots', from: 'ndots', kind: 'any', name: 'db', found: ({ web }) => [web.v4] },
  { what: 'search with ndots', from: 'ndots', kind: 'any', name: 'printer', found: ['10.9.8.9'], but: NO_SEARCH },
  { what: 'a container, by TCP', from: 'tcp', kind: 'any', name: 'db', found: ({ web }) => [web.v4] },
  { what: 'another server, by TCP', from: 'tcp', kind: 'any', name: 'example.test', found: ['10.9.8.7', 'fd00:9::7'] },
  {
    what: 'host.docker.internal',
    kind: 'any',
    name: 'host.docker.internal',
    found: (f) => [f.hostGateway],
    // It does not read /etc/hosts.
    but: { 'node resolve': 'none' },
  },
  { what: 'a name that nobody has', kind: 'any', name: 'nobody', found: 'none' },
  { what: 'AAAA of a name that nobody has', kind: 'aaaa', name: 'nobody', found: 'not-found' },
  { what: 'an address that nobody has', kind: 'ptr', name: '10.9.8.99', found: 'none' },
  { what: 'an internal network', from: 'inner', kind: 'any', name: (f) => f.inner.name, found: (f) => [f.inner.v4] },
  { what: 'other names on an internal network', from: 'inner', kind: 'any', name: 'example.test', found: 'again' },
];

const cli = CLIS[0] ?? 'gantry';
let started: TestEngine;
const engine = (): TestEngine => started;
const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
const asker = (name: Asker): string => `${name}-${process.pid}`;
const run = (name: string, ...options: string[]): Promise<string> =>
  ok('run', '-d', '--name', name, ...options, 'busybox', 'sleep', '1000');

let facts: Facts;
let server: DnsServer;
let commands: Readonly<Record<Resolver, readonly string[]>>;

before(async () => {
  started = await startEngine();
  await loadBusybox(started);
  facts = await startAll();
});

after(async () => {
  await server[Symbol.asyncDispose]();
  await started[Symbol.asyncDispose]();
});

/** Starts the name server, the containers that are looked for, and those that ask. */
async function startAll(): Promise<Facts> {
  const [four, dual, inner] = [unique('four'), unique('dual'), unique('inner')];
  await ok('network', 'create', four);
  await ok('network', 'create', '--ipv6', dual);
  await ok('network', 'create', '--internal', inner);
  const gateway = await ok('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', four);
  server = await dnsServer(gateway, ZONE);
  const web = unique('web');
  const id = await run(web, '--network', four, '--network-alias', 'db');
  const both = unique('both');
  await run(both, '--network', dual, '--network-alias', 'both');
  const programs = await resolverPrograms();
  commands = programs.commands;
  const asks = [...programs.mounts, '--dns', gateway, '--dns-search', 'corp.test'];
  const link = ['--link', `${web}:peer`, '--add-host', 'host.docker.internal:host-gateway'];
  await run(asker('client'), '--network', four, '--network', dual, ...link, ...asks);
  await run(asker('ndots'), '--network', four, '--dns-option', 'ndots:2', ...asks);
  await run(asker('tcp'), '--network', four, '--dns-option', 'use-vc', ...asks);
  await run(asker('inner'), '--network', inner, ...asks);
  const address = (name: string, network: string, field = 'IPAddress'): Promise<string> =>
    ok('inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").${field}}}`, name);
  return {
    ...{ four, dual },
    web: { name: web, id, v4: await address(web, four) },
    both: { name: both, v4: await address(both, dual), v6: await address(both, dual, 'GlobalIPv6Address') },
    service: await startedWithAlias({ network: four, alias: 'service', count: 3 }),
    many: await startedWithAlias({ network: four, alias: 'many', count: MANY }),
    inner: { name: asker('inner'), v4: await address(asker('inner'), inner) },
    hostGateway: await ok('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', 'bridge'),
  };
}

for (const { what, from = 'client', kind, name, found, but = {}, partial = [] } of TABLE) {
  test(`${what}: ${kind} from ${from}`, async () => {
    const asked = typeof name === 'string' ? name : name(facts);
    const given = await everyone(from, kind, asked);
    for (const resolver of RESOLVERS.filter((each) => WITHOUT[kind]?.includes(each) !== true)) {
      const stated = but[resolver] ?? found;
      const expected = shown(typeof stated === 'function' ? stated(facts) : stated);
      const answer = given[resolver] ?? '';
      if (partial.includes(resolver)) assertPart(answer, expected);
      else assert.equal(answer, expected, `${resolver}: ${asked}`);
    }
  });
}

test('a truncated answer was asked for again by TCP, and with use-vc TCP alone was used', () => {
  const times = (line: string): number => server.asked.filter((each) => each === line).length;
  assert.ok(times('udp A big.example.test') >= 5);
  assert.ok(times('tcp A big.example.test') >= 4, 'glibc, Go and both ways of Node');
  assert.ok(times('tcp AAAA example.test') >= 3, 'glibc, Go and lookup of Node');
});

test('no resolver finds anything old after rename, disconnect, connect, stop, and a start with another address', async () => {
  const { four } = facts;
  const [name, squatter] = [unique('moving'), unique('squatter')];
  await run(name, '--network', four, '--network-alias', 'first');
  const addressNow = (): Promise<string> =>
    ok('inspect', '-f', `{{(index .NetworkSettings.Networks "${four}").IPAddress}}`, `${name}-2`);
  const all = async (asked: string, kind: Kind = 'any'): Promise<readonly string[]> => [
    ...new Set(Object.values(await everyone('client', kind, asked))),
  ];
  await ok('rename', name, `${name}-2`);
  const address = await addressNow();
  assert.deepEqual([await all(name), await all(`${name}-2`), await all('first')], [['none'], [address], [address]]);
  assert.deepEqual(await all(address, 'ptr'), [`${name}-2.${four}`]);
  await ok('network', 'disconnect', four, `${name}-2`);
  assert.deepEqual(
    [await all('first'), await all(`${name}-2`), await all(address, 'ptr')],
    [['none'], ['none'], ['none']],
  );
  await ok('network', 'connect', '--alias', 'second', four, `${name}-2`);
  assert.deepEqual([await all('first'), await all('second')], [['none'], [await addressNow()]]);
  const before = await addressNow();
  await ok('stop', '-t', '0', `${name}-2`);
  assert.deepEqual([await all('second'), await all(before, 'ptr')], [['none'], ['none']]);
  await run(squatter, '--network', four);
  await ok('start', `${name}-2`);
  const now = await addressNow();
  assert.notEqual(now, before);
  assert.deepEqual([await all('second'), await all(now, 'ptr')], [[now], [`${name}-2.${four}`]]);
  assert.deepEqual(await all(before, 'ptr'), [`${squatter}.${four}`]);
  await engine().kill9();
  await engine().start();
  await eventually(async () => assert.deepEqual(await all('second'), [now]));
  await ok('rm', '-f', `${name}-2`, squatter);
  assert.deepEqual([await all('second'), await all(squatter)], [['none'], ['none']]);
});

interface Programs {
  readonly mounts: readonly string[];
  readonly commands: Readonly<Record<Resolver, readonly string[]>>;
}

/** The resolvers' programs, and the mounts with which a container of busybox runs them: the host's C library and Node among them. */
async function resolverPrograms(): Promise<Programs> {
  const [glibc, musl, go] = await Promise.all([
    program('resolve-glibc'),
    program('resolve-musl'),
    program('resolve-go'),
  ]);
  const script = new URL('../programs/resolve.mjs', import.meta.url).pathname;
  const files = { glibc, musl, go, 'resolve.mjs': script, node: process.execPath };
  const mounts = [
    ...['/usr:/usr:ro', '/usr/lib:/lib:ro', '/lib64:/lib64:ro'],
    ...Object.entries(files).map(([name, path]) => `${path}:/programs/${name}:ro`),
  ];
  const node = ['/programs/node', '/programs/resolve.mjs'];
  return {
    mounts: mounts.flatMap((mount) => ['-v', mount]),
    commands: {
      ...{ glibc: ['/programs/glibc'], musl: ['/programs/musl'], go: ['/programs/go'] },
      ...{ 'node lookup': [...node, 'lookup'], 'node resolve': [...node, 'resolve'] },
    },
  };
}

/** What each resolver that has the question prints. */
async function everyone(from: Asker, kind: Kind, name: string): Promise<Readonly<Partial<Record<Resolver, string>>>> {
  const asking = RESOLVERS.filter((each) => WITHOUT[kind]?.includes(each) !== true);
  const printed = asking.map(async (resolver): Promise<[Resolver, string]> => {
    const line = await execIn(engine(), asker(from), [...commands[resolver], kind, name]);
    return [resolver, line];
  });
  return Object.fromEntries(await Promise.all(printed));
}

function shown(outcome: Outcome): string {
  return typeof outcome === 'string' ? outcome : [...outcome].sort().join(' ');
}

/** At least as many of the addresses as a datagram of 512 bytes holds with every question here. */
function assertPart(given: string, expected: string): void {
  const [part, whole] = [given.split(' '), new Set(expected.split(' '))];
  assert.ok(part.length >= 25, `${part.length} addresses: ${given}`);
  assert.deepEqual(
    part.filter((address) => !whole.has(address)),
    [],
  );
}

/** Starts containers that share an alias, by the API. Returns their addresses. */
async function startedWithAlias(wanted: {
  readonly network: string;
  readonly alias: string;
  readonly count: number;
}): Promise<readonly string[]> {
  const { network, alias, count } = wanted;
  const one = async (): Promise<string> => {
    const made = await engine().api('POST', `/containers/create?name=${unique(alias)}`, {
      Image: 'busybox',
      Cmd: ['sleep', '1000'],
      HostConfig: { NetworkMode: network },
      NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [alias] } } },
    });
    assert.equal(made.status, 201, made.body);
    const { Id } = JSON.parse(made.body) as { readonly Id: string };
    assert.equal((await engine().api('POST', `/containers/${Id}/start`)).status, 204);
    const { NetworkSettings } = JSON.parse((await engine().api('GET', `/containers/${Id}/json`)).body) as {
      readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
    };
    return NetworkSettings.Networks[network]?.IPAddress ?? '';
  };
  const addresses: string[] = [];
  while (addresses.length < count) {
    const batch = Array.from({ length: Math.min(6, count - addresses.length) }, one);
    addresses.push(...(await Promise.all(batch)));
  }
  return addresses.sort();
}
