import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { linkIndex } from '../linux/index.ts';
import type { CreateNetwork, RequestedPool } from './networks.ts';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import { HOST_ADDRESS, OUTSIDE_ADDRESS, privateHost } from './testing/private-host.ts';
import { askFrom, serveIn } from './testing/sandbox-traffic.ts';

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const pool = (subnet: string, change: Partial<RequestedPool> = {}): NonNullable<CreateNetwork['ipam']> => ({
  pools: [{ subnet, ipRange: '', gateway: '', auxAddresses: {}, ...change }],
});
const inside = (netnsPath: string, command: string): string =>
  execFileSync('nsenter', [`--net=${netnsPath}`, ...command.split(' ')], { encoding: 'utf8' });

test('a network is made with its bridge, connects its containers and no others, and leaves nothing', async () => {
  await using fixture = await networkFixture();
  const before = traces();
  const { networks } = fixture;
  const one = await networks.create({ name: 'one', ipam: pool('10.61.0.0/24'), labels: { a: 'b' } });
  const two = await networks.create({ name: 'two' });
  assert.deepEqual(networks.inspect('one').IPAM.Config, [{ Subnet: '10.61.0.0/24' }]);
  assert.deepEqual(networks.inspect('two').IPAM.Config, [{ Subnet: '10.219.1.0/24', Gateway: '10.219.1.1' }]);
  const attach = (id: string, mode: string) => networks.attach(sandboxRequest(id, { mode }), signal);
  const web = await attach('web', 'one');
  const near = await attach('near', 'one');
  const far = await attach('far', 'two');
  assert.equal(web.endpoints['one']?.IPAddress, '10.61.0.2');
  assert.equal(web.endpoints['one']?.Gateway, '10.61.0.1');
  const server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  assert.match(await askFrom(near.netnsPath, '10.61.0.2', 80), /^web 10\.61\.0\.3 hello$/);
  assert.doesNotMatch(await askFrom(far.netnsPath, '10.61.0.2', 80), /web/, 'other networks are out of reach');
  assert.doesNotMatch(await askFrom(outside.netnsPath, '10.61.0.2', 80), /web/);

  await assert.rejects(networks.remove('one'), {
    kind: 'forbidden',
    message: /^error while removing network: network one has active endpoints \(name:"name-web" id:"[0-9a-f]{12}", /,
  });
  await server[Symbol.asyncDispose]();
  for (const id of ['web', 'near', 'far']) await networks.detach(id);
  await networks.remove(one.id.slice(0, 12));
  await networks.remove('two');
  assert.deepEqual(fixture.emitted, [`create ${one.id}`, `create ${two.id}`, `destroy ${one.id}`, `destroy ${two.id}`]);
  assert.equal(await waitForTraces(before), before);
});

test('a running container joins and leaves networks; routes and ports follow its default gateway', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'm', ipam: pool('10.62.0.0/24') });
  await networks.create({ name: 'a', ipam: pool('10.63.0.0/24') });
  await networks.create({ name: 'inner', ipam: pool('10.64.0.0/24'), internal: true });
  const before = traces();
  const request = sandboxRequest('web', { mode: 'm', portBindings: { '80/tcp': [{ HostPort: '18080' }] } });
  const web = await networks.attach(request, signal);
  const defaultRoute = (): string => inside(web.netnsPath, 'ip route show default').trim();
  const server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  const published = (): Promise<string> => askFrom(outside.netnsPath, HOST_ADDRESS, 18080);
  assert.equal(await published(), `web ${OUTSIDE_ADDRESS} hello`);

  const joined = await networks.connect({ ...request, endpoints: { a: { Aliases: ['x'] } } }, 'a');
  assert.deepEqual(joined.interfaces, { m: 'eth0', a: 'eth1' });
  assert.deepEqual(joined.endpoints['a']?.Aliases, ['x']);
  assert.equal(defaultRoute(), 'default via 10.63.0.1 dev eth1', 'a comes before m');
  assert.equal(await published(), `web ${OUTSIDE_ADDRESS} hello`);
  await assert.rejects(networks.connect(request, 'a'), {
    kind: 'forbidden',
    message: 'endpoint with name name-web already exists in network a',
  });

  await networks.disconnect(request, 'm');
  assert.equal(inside(web.netnsPath, 'ip -o link').includes('eth0'), false);
  await networks.disconnect(request, 'a');
  assert.equal(defaultRoute(), '');
  assert.doesNotMatch(await published(), /web/);
  await assert.rejects(networks.disconnect(request, 'a'), { message: 'container web is not connected to network a' });

  const internal = await networks.connect(request, 'inner');
  assert.equal(internal.endpoints['inner']?.Gateway, '');
  assert.equal(defaultRoute(), '');
  const back = await networks.connect(
    { ...request, endpoints: { m: { IPAMConfig: { IPv4Address: '10.62.0.9' } } } },
    'm',
  );
  assert.deepEqual(back.interfaces, { inner: 'eth0', m: 'eth1' });
  assert.equal(defaultRoute(), 'default via 10.62.0.1 dev eth1');
  assert.equal(await published(), `web ${OUTSIDE_ADDRESS} hello`);

  const next = await fixture.restart();
  await next.restore([{ ...back, containerId: 'web', containerName: 'name-web' }]);
  assert.equal(next.inspect('m').Containers['web']?.IPv4Address, '10.62.0.9/24');
  assert.equal(await published(), `web ${OUTSIDE_ADDRESS} hello`);
  await server[Symbol.asyncDispose]();
  await next.detach('web');
  assert.equal(await waitForTraces(before), before);
  for (const name of ['m', 'a', 'inner']) await next.remove(name);
});

test('an internal network reaches the host and its own containers, and nothing else', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'inner', internal: true });
  const one = await networks.attach(sandboxRequest('one', { mode: 'inner' }), signal);
  const two = await networks.attach(sandboxRequest('two', { mode: 'inner' }), signal);
  // A container may make a route of its own.
  inside(one.netnsPath, 'ip route add default via 10.219.1.1');
  await using _near = await serveIn(two.netnsPath, 'near', ['tcp:80']);
  await using _far = await serveIn(outside.netnsPath, 'far', ['tcp:81']);
  assert.match(await askFrom(one.netnsPath, two.endpoints['inner']?.IPAddress ?? '', 80), /^near/);
  assert.doesNotMatch(await askFrom(one.netnsPath, OUTSIDE_ADDRESS, 81), /far/);
  for (const id of ['one', 'two']) await networks.detach(id);
  assert.deepEqual(await networks.prune({}), ['inner']);
});

test('networks outlive a restart, what a crash left of removed ones does not', async () => {
  await using fixture = await networkFixture();
  const before = traces();
  const kept = await fixture.networks.create({ name: 'kept', ipam: pool('10.65.0.0/24') });
  const lost = await fixture.networks.create({ name: 'lost' });
  const bridge = (id: string): string => `br-${id.slice(0, 12)}`;
  fixture.records.delete(lost.id);
  const networks = await fixture.restart();
  await networks.restore([]);
  assert.equal(linkIndex(bridge(lost.id)), undefined);
  assert.notEqual(linkIndex(bridge(kept.id)), undefined);
  const elements = execFileSync('nft', ['list', 'set', 'ip', 'gantry-gtest0', 'bridges'], { encoding: 'utf8' });
  assert.equal(elements.includes(bridge(lost.id)), false);
  await networks.remove('kept');
  assert.equal(await waitForTraces(before), before);
});

/** The errors of dockerd 28.5 for these requests. */
const REFUSED: readonly (readonly [CreateNetwork, kind: string, message: string])[] = [
  [{ name: '' }, 'invalid', 'invalid name: name is empty'],
  [{ name: ' ' }, 'invalid', 'invalid name: name is empty'],
  [{ name: 'bridge' }, 'forbidden', 'operation is not permitted on predefined bridge network '],
  [{ name: 'here' }, 'conflict', 'network with name here already exists'],
  [{ name: 'b', driver: 'nope' }, 'notFound', 'plugin "nope" not found'],
  [{ name: 'b', driver: 'host' }, 'forbidden', 'only one instance of "host" network is allowed'],
  [{ name: 'b', driver: 'null' }, 'forbidden', 'only one instance of "null" network is allowed'],
  [{ name: 'b', scope: 'swarm' }, 'forbidden', 'cannot create a swarm scoped network when swarm is not active'],
  [{ name: 'b', ingress: true }, 'forbidden', 'Ingress network can only be global scope network'],
  [{ name: 'b', ipam: { driver: 'nope', pools: [] } }, 'notFound', 'plugin "nope" not found'],
  [{ name: 'b', enableIpv4: false }, 'invalid', 'IPv4 or IPv6 must be enabled'],
  [{ name: 'b', configFrom: 'here' }, 'notFound', 'configuration network "here" does not exist'],
  [
    { name: 'b', configOnly: true, configFrom: 'x' },
    'forbidden',
    'a configuration network cannot depend on another configuration network',
  ],
  [
    { name: 'b', ipam: pool('10.1.0.0/33') },
    'invalid',
    'invalid network config:\ninvalid subnet 10.1.0.0/33: invalid CIDR block notation',
  ],
  [
    { name: 'b', ipam: pool('10.1.0.5/24') },
    'invalid',
    'invalid network config:\ninvalid subnet 10.1.0.5/24: it should be 10.1.0.0/24',
  ],
  [
    { name: 'b', ipam: pool('10.1.0.0/24', { gateway: 'x' }) },
    'invalid',
    'invalid network config:\ninvalid gateway x: invalid address',
  ],
  [
    { name: 'b', ipam: pool('10.1.0.0/24', { gateway: 'fd00::1' }) },
    'invalid',
    'invalid network config:\ninvalid gateway fd00::1: parent subnet is an IPv4 block',
  ],
  [
    {
      name: 'b',
      ipam: pool('10.1.0.0/24', {
        gateway: '10.2.0.1',
        ipRange: '10.3.0.0/24',
        auxAddresses: { b: 'zz', a: '10.4.0.1' },
      }),
    },
    'invalid',
    'invalid network config:\n' +
      "* invalid ip-range 10.3.0.0/24: parent subnet 10.1.0.0/24 doesn't contain ip-range\n" +
      "* invalid gateway 10.2.0.1: parent subnet 10.1.0.0/24 doesn't contain this address\n" +
      '* invalid auxiliary address b: invalid address\n' +
      "* invalid auxiliary address a: parent subnet 10.1.0.0/24 doesn't contain this address",
  ],
  [
    { name: 'b', ipam: pool('10.1.0.0/24', { ipRange: '10.1.0.0/16' }) },
    'invalid',
    'invalid network config:\ninvalid ip-range 10.1.0.0/16: CIDR block is bigger than its parent subnet 10.1.0.0/24',
  ],
  [
    { name: 'b', ipam: pool('10.1.0.0/24', { ipRange: '10.1.0.5/25' }) },
    'invalid',
    'invalid network config:\ninvalid ip-range 10.1.0.5/25: it should be 10.1.0.0/25',
  ],
  [
    { name: 'b', ipam: pool('10.66.0.0/25') },
    'forbidden',
    'invalid pool request: Pool overlaps with other one on this address space',
  ],
  [
    { name: 'b', ipam: pool('10.1.0.0/24', { gateway: '10.1.0.0' }) },
    'failed',
    'failed to allocate gateway (10.1.0.0): Address already in use',
  ],
  [
    { name: 'b', ipam: pool('10.1.0.0/24', { auxAddresses: { a: '10.1.0.1' } }) },
    'failed',
    'failed to allocate secondary ip address (a:10.1.0.1): Address already in use',
  ],
  [
    { name: 'b', ipam: pool('10.1.0.0/24', { auxAddresses: { a: '10.1.0.255' } }) },
    'failed',
    'failed to allocate secondary ip address (a:10.1.0.255): Address already in use',
  ],
  [
    { name: 'b', ipam: pool('10.1.0.0/24', { gateway: '10.1.0.9', auxAddresses: { a: '10.1.0.9' } }) },
    'failed',
    'failed to allocate secondary ip address (a:10.1.0.9): Address already in use',
  ],
  [
    { name: 'b', ipam: pool('10.1.0.0/24', { auxAddresses: { a: '10.1.0.2', b: '10.1.0.2' } }) },
    'failed',
    'failed to allocate secondary ip address (b:10.1.0.2): Address already in use',
  ],
  [
    { name: 'b', ipam: pool('10.1.0.0/24', { ipRange: '10.1.0.128/25', auxAddresses: { a: '10.1.0.128' } }) },
    'failed',
    'failed to allocate secondary ip address (a:10.1.0.128): Address already in use',
  ],
  [
    { name: 'b', ipam: pool('fd00:9::/64', { auxAddresses: { a: 'fd00:9::' } }) },
    'failed',
    'failed to allocate secondary ip address (a:fd00:9::): Address already in use',
  ],
  [
    { name: 'b', ipam: { pools: [...pool('10.1.0.0/24').pools, ...pool('10.2.0.0/24').pools] } },
    'forbidden',
    "bridge driver doesn't support multiple subnets",
  ],
  [
    { name: 'b', options: { 'com.docker.network.driver.mtu': 'x' } },
    'invalid',
    'failed to parse com.docker.network.driver.mtu value: x (strconv.Atoi: parsing "x": invalid syntax)',
  ],
  [{ name: 'b', options: { 'com.docker.network.driver.mtu': '-5' } }, 'invalid', 'invalid MTU number: -5'],
  [
    { name: 'b', options: { 'com.docker.network.bridge.enable_icc': 'maybe' } },
    'invalid',
    'failed to parse com.docker.network.bridge.enable_icc value: maybe (strconv.ParseBool: parsing "maybe": invalid syntax)',
  ],
  [
    { name: 'b', options: { 'com.docker.network.bridge.host_binding_ipv4': 'x' } },
    'invalid',
    'failed to parse com.docker.network.bridge.host_binding_ipv4 value: x (nil ip)',
  ],
  [
    { name: 'b', options: { 'com.docker.network.bridge.gateway_mode_ipv4': 'x' } },
    'invalid',
    'failed to parse com.docker.network.bridge.gateway_mode_ipv4 value: x (unknown gateway mode x)',
  ],
  [
    { name: 'b', options: { 'com.docker.network.bridge.name': 'lo' } },
    'internal',
    'existing interface lo is not a bridge',
  ],
];

test('requests that make no sense are refused in Docker’s words, and leave nothing', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'here', ipam: pool('10.66.0.0/24') });
  const before = traces();
  for (const [request, kind, message] of REFUSED) {
    await assert.rejects(networks.create(request), { kind, message }, JSON.stringify(request));
  }
  // The kernel refuses it once the bridge is there.
  const mtu = { 'com.docker.network.driver.mtu': '99999999' };
  await assert.rejects(networks.create({ name: 'b', options: mtu }), { kind: 'internal' });
  const taken = { 'com.docker.network.bridge.name': 'gtest0' };
  await assert.rejects(networks.create({ name: 'b', options: taken }), {
    kind: 'forbidden',
    message:
      /^cannot create network [0-9a-f]{64} \(gtest0\): conflicts with network [0-9a-f]{64} \(gtest0\): networks have same bridge name$/,
  });
  await assert.rejects(networks.remove('bridge'), { message: 'bridge is a pre-defined network and cannot be removed' });
  await assert.rejects(networks.remove('nope'), { kind: 'notFound', message: 'network nope not found' });
  assert.equal(traces(), before);
  assert.equal(fixture.records.all().length, 4);
  await networks.remove('here');
});

test('a configuration gives its subnets and options to other networks, and stays while one uses it', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'c', configOnly: true, ipam: pool('10.67.0.0/24'), options: { x: 'y' } });
  await networks.create({ name: 'n', configFrom: 'c' });
  const own = 'user specified configurations are not supported if the network depends on a configuration network';
  const options = 'network driver options are not supported if the network depends on a configuration network';
  const refusals: readonly (readonly [Partial<CreateNetwork>, string])[] = [
    [{ ipam: pool('10.68.0.0/24') }, own],
    [{ enableIpv6: true }, own],
    [{ enableIpv4: false }, own],
    [{ labels: { a: 'b' } }, own],
    [{ options: { a: 'b' } }, options],
  ];
  for (const [settings, message] of refusals) {
    await assert.rejects(networks.create({ name: 'own', configFrom: 'c', ...settings }), {
      kind: 'forbidden',
      message,
    });
  }
  await assert.rejects(networks.attach(sandboxRequest('web', { mode: 'c' }), signal), {
    kind: 'forbidden',
    message: 'failed to set up container networking: cannot create endpoint on configuration-only network',
  });
  const { Driver, ConfigFrom, Options, IPAM } = networks.inspect('n');
  assert.deepEqual(
    { Driver, ConfigFrom, Options, subnets: IPAM.Config },
    {
      Driver: 'bridge',
      ConfigFrom: { Network: 'c' },
      Options: { x: 'y' },
      subnets: [{ Subnet: '10.67.0.0/24' }],
    },
  );
  assert.equal(networks.inspect('c').Driver, 'null');
  await assert.rejects(networks.remove('c'), {
    message: 'error while removing network: configuration network "c" is in use',
  });
  await networks.remove('n');
  await networks.remove('c');
});

test('--link-local-ip gives an interface further addresses', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'local' });
  const asking = (...LinkLocalIPs: string[]) => ({
    mode: 'local',
    endpoints: { local: { IPAMConfig: { LinkLocalIPs } } },
  });
  const request = sandboxRequest('web', asking('169.254.9.9', '169.254.9.10', 'fe80::99'));
  const web = await networks.attach(request, signal);
  const shown = inside(web.netnsPath, 'ip -o addr show eth0');
  // dockerd 28.5 refuses fe80:: where the network has no IPv6. A link-local address needs no network.
  for (const address of ['169.254.9.9/16', '169.254.9.10/16', 'fe80::99/64']) assert.ok(shown.includes(address), shown);
  assert.deepEqual(web.endpoints['local']?.IPAMConfig, { LinkLocalIPs: ['169.254.9.9', '169.254.9.10', 'fe80::99'] });
  await networks.create({ name: 'other' });
  const connect = { ...request, endpoints: { other: { IPAMConfig: { LinkLocalIPs: ['169.254.3.3'] } } } };
  await networks.connect(connect, 'other');
  const after = inside(web.netnsPath, 'ip -o addr show eth1');
  assert.match(after, /169\.254\.3\.3\/16/);
  await networks.detach('web');
  assert.throws(() => networks.check(sandboxRequest('bad', { ...asking('foo'), portBindings: {} })), {
    kind: 'invalid',
    message: 'invalid config for network local: invalid endpoint settings:\ninvalid link-local IP address: foo',
  });
  await assert.rejects(networks.attach(sandboxRequest('bad', asking('10.1.2.3')), signal), {
    message: 'failed to set up container networking: invalid link local IP address: 10.1.2.3',
  });
  assert.deepEqual(Object.keys(networks.inspect('local').Containers), []);
});

test('a disconnect finds its link by the other end, whatever the container has named it', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'other' });
  const web = await networks.attach(sandboxRequest('web'), signal);
  const inside = (script: string): string =>
    execFileSync('nsenter', [`--net=${web.netnsPath}`, 'sh', '-ec', script], { encoding: 'utf8' });
  await networks.connect(sandboxRequest('web', { endpoints: { other: {} } }), 'other');
  inside('ip link set eth1 down; ip link set eth1 name mine up; ip link add eth1 type bridge; ip link set eth1 up');
  await networks.disconnect(sandboxRequest('web'), 'other');
  assert.doesNotMatch(inside('ip -br link'), /mine/);
  assert.match(inside('ip -o link show eth1'), /[<,]UP[,>]/, "the container's own link stays as it is");
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.doesNotMatch(inside('ip -br link'), /gone/);
  await networks.detach('web');
  await networks.remove('other');
});
