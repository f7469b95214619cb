import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';
import { parentLink } from '../support/parent-link.ts';

const engine = useEngine();
const SERVER = (text: string): string => `mkdir /www && echo ${text} >/www/index.html && exec httpd -f -p 80 -h /www`;

interface Endpoint {
  readonly IPAddress: string;
  readonly Gateway: string;
  readonly DNSNames: readonly string[] | null;
  readonly Aliases: readonly string[] | null;
}

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const fails = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await engine()[cli](args);
    assert.notEqual(code, 0, args.join(' '));
    return stderr.trim();
  };
  const endpoints = async (name: string): Promise<Readonly<Record<string, Endpoint>>> =>
    JSON.parse(await ok('inspect', '-f', '{{json .NetworkSettings.Networks}}', name)) as Record<string, Endpoint>;

  test(`${cli} network create, ls, inspect and rm`, async () => {
    const [net, other] = [unique('net'), unique('net')];
    const id = await ok('network', 'create', '--subnet', '10.71.0.0/24', '--label', 'a=b', '--internal', net);
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal(
      await ok(
        'network',
        'ls',
        '--filter',
        `name=${net}`,
        '--format',
        '{{.ID}} {{.Name}} {{.Driver}} {{.Scope}} {{.Internal}}',
      ),
      `${id.slice(0, 12)} ${net} bridge local true`,
    );
    const [shown] = JSON.parse(await ok('network', 'inspect', net)) as readonly Record<string, unknown>[];
    const { Created: _then, Id, Name, IPAM, ...rest } = shown ?? {};
    assert.deepEqual(
      [Id, Name, IPAM],
      [id, net, { Driver: 'default', Options: {}, Config: [{ Subnet: '10.71.0.0/24' }] }],
    );
    assert.partialDeepStrictEqual(rest, {
      ...{ Scope: 'local', Driver: 'bridge', EnableIPv4: true, EnableIPv6: false, Internal: true, Attachable: false },
      ...{ Containers: {}, Options: {}, Labels: { a: 'b' } },
    });
    assert.match(await fails('network', 'create', net), new RegExp(`network with name ${net} already exists`));
    assert.match(
      await fails('network', 'create', '--subnet', '10.71.0.0/25', other),
      /invalid pool request: Pool overlaps with other one on this address space/,
    );
    assert.match(await fails('network', 'rm', 'bridge'), /bridge is a pre-defined network and cannot be removed/);
    assert.match(await fails('network', 'rm', other), new RegExp(`network ${other} not found`));
    assert.equal(await ok('network', 'rm', net), net);
  });

  test(`${cli} network create -d macvlan: containers are on the network of an interface of the host`, async () => {
    await using parent = await parentLink();
    const [net, name, near] = [unique('net'), unique('c'), unique('c')];
    const options = ['--subnet', parent.subnet, '--gateway', parent.address, '-o', `parent=${parent.name}`];
    await ok('network', 'create', '-d', 'macvlan', ...options, net);
    await ok('run', '-d', '--name', name, '--network', net, '-p', '8080:80', 'busybox', 'sh', '-c', SERVER('lan'));
    const { [net]: endpoint } = await endpoints(name);
    assert.equal(endpoint?.Gateway, parent.address);
    // The host is another machine of that network: it reaches the container's own address, and no published port.
    await eventually(async () => assert.equal(await (await fetch(`http://${endpoint.IPAddress}/`)).text(), 'lan\n'));
    assert.equal(await ok('port', name), '');
    assert.equal(await ok('ps', '--filter', `name=${name}`, '--format', '[{{.Ports}}]'), '[]');
    assert.equal(
      await ok('run', '--rm', '--name', near, '--network', net, 'busybox', 'wget', '-qO-', `http://${name}/`),
      'lan',
    );
    assert.match(
      await fails('network', 'create', '-d', 'macvlan', '-o', 'parent=nosuch0', unique('net')),
      /invalid subinterface vlan name nosuch0, example formatting is eth0\.10/,
    );
    assert.match(
      await fails('network', 'create', '-d', 'ipvlan', '-o', 'parent=lo', unique('net')),
      /loopback interface is not a valid ipvlan parent link/,
    );
    await ok('rm', '-f', name);
    assert.equal(await ok('network', 'rm', net), net);
  });

  test(`${cli} network create with a routed gateway: port and ps show no port of the host`, async () => {
    const [net, name] = [unique('net'), unique('c')];
    const mode = (family: string) => ['-o', `com.docker.network.bridge.gateway_mode_${family}=routed`];
    await ok('network', 'create', ...mode('ipv4'), ...mode('ipv6'), net);
    await ok(
      'run',
      '-d',
      '--name',
      name,
      '--network',
      net,
      '-p',
      '8080:80',
      '-p',
      '127.0.0.1::81',
      'busybox',
      'sleep',
      '100',
    );
    const port = (await ok('port', name)).split('\n');
    assert.deepEqual([port[0], port.at(-1)], ['80/tcp -> 0.0.0.0:', '81/tcp -> 0.0.0.0:']);
    assert.match(
      await ok('ps', '--filter', `name=${name}`, '--format', '{{.Ports}}'),
      /^0\.0\.0\.0:0->80\/tcp, .*0\.0\.0\.0:0->81\/tcp$/,
    );
    await ok('rm', '-f', name);
    await ok('network', 'rm', net);
  });

  test(`${cli} run --network: containers reach those of their network and no others`, async () => {
    const [near, far, web, client] = [unique('near'), unique('far'), unique('web'), unique('client')];
    await ok('network', 'create', '--subnet', '10.72.0.0/24', near);
    await ok('network', 'create', far);
    const alias = ['--network-alias', 'backend', '--ip', '10.72.0.77'];
    const id = await ok(
      'run',
      '-d',
      '--name',
      web,
      '--network',
      near,
      ...alias,
      'busybox',
      'sh',
      '-c',
      SERVER('served'),
    );
    const { [near]: endpoint } = await endpoints(web);
    assert.deepEqual([endpoint?.IPAddress, endpoint?.Gateway], ['10.72.0.77', '10.72.0.1']);
    assert.deepEqual(endpoint?.DNSNames, [web, 'backend', id.slice(0, 12)]);
    // Process 1 of a container ignores the signal of `timeout`.
    const ask = ['busybox', 'sh', '-c', 'timeout 3 wget -q -O - http://10.72.0.77/ || exit 1'];
    await eventually(async () => assert.equal(await ok('run', '--rm', '--network', near, ...ask), 'served'));
    await fails('run', '--rm', '--network', far, ...ask);
    await fails('run', '--rm', ...ask);
    assert.match(
      await fails('network', 'rm', near),
      new RegExp(
        `error while removing network: network ${near} has active endpoints \\(name:"${web}" id:"[0-9a-f]{12}"\\)`,
      ),
    );

    await ok('run', '-d', '--name', client, '--network', far, 'busybox', 'sleep', '1000');
    await ok('network', 'connect', near, client);
    assert.equal(await ok('exec', client, 'wget', '-q', '-O', '-', 'http://10.72.0.77/'), 'served');
    assert.deepEqual(Object.keys(await endpoints(client)).sort(), [near, far].sort());
    const hosts = await ok('exec', client, 'cat', '/etc/hosts');
    assert.equal(hosts.split('\n').filter((line) => line.endsWith(`\t${hosts.split('\t').at(-1)}`)).length, 2);
    assert.match(
      await fails('network', 'connect', near, client),
      new RegExp(`endpoint with name ${client} already exists in network ${near}`),
    );
    await ok('network', 'disconnect', near, client);
    assert.deepEqual(Object.keys(await endpoints(client)), [far]);
    assert.match(
      await fails('network', 'disconnect', near, client),
      /container [0-9a-f]{64} is not connected to network /,
    );
    await ok('rm', '-f', web, client);
    await ok('network', 'rm', near, far);
  });

  test(`${cli} network connect and disconnect of a stopped container decide its next start`, async () => {
    const [one, two, name] = [unique('one'), unique('two'), unique('idle')];
    await ok('network', 'create', '--subnet', '10.73.0.0/24', one);
    await ok('network', 'create', two);
    await ok(
      'create',
      '--name',
      name,
      '--network',
      two,
      'busybox',
      'ip',
      '-o',
      '-4',
      'addr',
      'show',
      'scope',
      'global',
    );
    await ok('network', 'connect', '--ip', '10.73.0.9', '--alias', 'x', one, name);
    await ok('network', 'disconnect', two, name);
    assert.match(await fails('network', 'disconnect', two, name), /is not connected to the network /);
    assert.match(await ok('start', '-a', name), /^2: eth0 +inet 10\.73\.0\.9\/24/);
    await ok('network', 'disconnect', one, name);
    assert.deepEqual(await endpoints(name), {});
    assert.equal(await ok('start', '-a', name), '');
    await ok('rm', name);
    assert.equal(await ok('network', 'rm', one, two), `${one}\n${two}`);
  });

  test(`${cli} network commands on containers without networks of their own are refused in Docker’s words`, async () => {
    const [net, host, none, plain] = [unique('net'), unique('host'), unique('none'), unique('plain')];
    await ok('network', 'create', net);
    await ok('run', '-d', '--name', host, '--network', 'host', 'busybox', 'sleep', '1000');
    await ok('run', '-d', '--name', none, '--network', 'none', 'busybox', 'sleep', '1000');
    await ok('run', '-d', '--name', plain, 'busybox', 'sleep', '1000');
    const multiple =
      /container cannot be connected to multiple networks with one of the networks in private \(none\) mode/;
    assert.match(
      await fails('network', 'connect', net, host),
      /container sharing network namespace with another container or host cannot be connected to any other network/,
    );
    assert.match(await fails('network', 'connect', net, none), multiple);
    assert.match(await fails('network', 'connect', 'none', plain), multiple);
    assert.match(
      await fails('network', 'connect', 'host', plain),
      /cannot connect container to host network - container must be created in host network mode/,
    );
    assert.match(await fails('network', 'connect', 'none-such', plain), /network none-such not found/);
    assert.match(await fails('network', 'connect', net, 'none-such'), /No such container: none-such/);
    assert.match(await fails('network', 'disconnect', '-f', net, 'none-such'), /endpoint none-such not found/);
    assert.match(
      await fails('network', 'connect', '--ip', '10.9.9.9', net, plain),
      /user specified IP address is supported only when connecting to networks with user configured subnets/,
    );
    assert.match(
      await fails('run', '--rm', '--network', 'none-such', 'busybox', 'true'),
      /failed to set up container networking: network none-such not found/,
    );
    await ok('rm', '-f', host, none, plain);
    assert.match(await ok('network', 'prune', '-f'), new RegExp(`Deleted Networks:(?:\\n.*)*\\n${net}$`, 'm'));
  });
}
