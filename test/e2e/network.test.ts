import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';
import { askUdp, echoWithin } from '../support/udp-echo.ts';

const engine = useEngine();
const SERVER = (text: string): string => `mkdir /www && echo ${text} >/www/index.html && exec httpd -f -p 80 -h /www`;

async function get(url: string): Promise<string> {
  return (await (await fetch(url, { signal: AbortSignal.timeout(5000) })).text()).trim();
}

/** IPv4 addresses that others reach this machine by. */
function hostAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'))
    .map(({ address }) => address);
}

test('a port that the engine chose stays over restarts of the container and of the engine', async () => {
  const ok = (...args: string[]): Promise<string> => engine().ok('docker', args);
  const [name, other] = [unique('stays'), unique('other')];
  await ok('run', '-d', '--name', name, '-P', '--expose', '80', '--expose', '81/udp', 'busybox', 'sleep', '1000');
  const ports = await ok('port', name);
  assert.match(ports, /^80\/tcp -> 0\.0\.0\.0:\d+\n/);
  await ok('restart', '-t', '0', name);
  assert.equal(await ok('port', name), ports);
  await ok('stop', '-t', '0', name);
  await ok('run', '-d', '--name', other, '-p', '80', 'busybox', 'sleep', '1000');
  await ok('start', name);
  assert.equal(await ok('port', name), ports, 'another container has got another port meanwhile');
  await engine().kill9();
  await engine().start();
  await ok('restart', '-t', '0', name);
  assert.equal(await ok('port', name), ports);
  await ok('rm', '-f', name, other);
});

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const portOf = async (name: string): Promise<string> =>
    (await ok('port', name, '80/tcp')).split('\n')[0]!.split(':').at(-1)!;

  test(`${cli} run -p publishes on localhost, ::1, the host's addresses and to other containers`, async () => {
    const name = unique('web');
    await ok('run', '-d', '--name', name, '-p', '80', 'busybox', 'sh', '-c', SERVER('page'));
    const port = await portOf(name);
    await eventually(async () => assert.equal(await get(`http://127.0.0.1:${port}/`), 'page'));
    assert.equal(await get(`http://localhost:${port}/`), 'page');
    if (networkInterfaces()['lo']?.some(({ family }) => family === 'IPv6'))
      assert.equal(await get(`http://[::1]:${port}/`), 'page');
    const gateway = await ok('inspect', '-f', '{{.NetworkSettings.Gateway}}', name);
    const address = await ok('inspect', '--format', '{{.NetworkSettings.IPAddress}}', name);
    assert.equal(await get(`http://${gateway}:${port}/`), 'page');
    assert.equal(await ok('run', '--rm', 'busybox', 'wget', '-qO-', `http://${address}/`), 'page');
    assert.equal(await ok('run', '--rm', 'busybox', 'wget', '-qO-', `http://${gateway}:${port}/`), 'page');
    assert.equal(
      await ok('exec', name, 'wget', '-qO-', `http://${gateway}:${port}/`),
      'page',
      'itself through its published port',
    );
    assert.match(
      await ok('ps', '--filter', `name=${name}`, '--format', '{{.Ports}}'),
      new RegExp(`0\\.0\\.0\\.0:${port}->80/tcp`),
    );
    await ok('rm', '-f', name);
    await assert.rejects(get(`http://127.0.0.1:${port}/`));
  });

  test(`${cli} run -p 127.0.0.1:… is not reachable from elsewhere`, async () => {
    const name = unique('local');
    await ok('run', '-d', '--name', name, '-p', '127.0.0.1::80', 'busybox', 'sh', '-c', SERVER('local'));
    const port = await portOf(name);
    await eventually(async () => assert.equal(await get(`http://127.0.0.1:${port}/`), 'local'));
    const gateway = await ok('inspect', '-f', '{{.NetworkSettings.Gateway}}', name);
    const other = await engine()[cli]([
      'run',
      '--rm',
      'busybox',
      'wget',
      '-T',
      '2',
      '-qO-',
      `http://${gateway}:${port}/`,
    ]);
    assert.notEqual(other.code, 0);
    await ok('rm', '-f', name);
  });

  test(`${cli} run with a udp port, a range and -P`, async () => {
    const name = unique('forms');
    await ok(
      'run',
      '-d',
      '--name',
      name,
      '-p',
      '53/udp',
      '-p',
      '20000-20100:90',
      '-P',
      '--expose',
      '7000-7001',
      'busybox',
      'sleep',
      '1000',
    );
    const lines = (await ok('port', name)).split('\n').filter((line) => !line.includes('[::]'));
    const ports = new Map(lines.map((line) => [line.split(' ')[0], Number(line.split(':').at(-1))] as const));
    assert.deepEqual([...ports.keys()].sort(), ['53/udp', '7000/tcp', '7001/tcp', '90/tcp']);
    const inRange = ports.get('90/tcp') ?? 0;
    assert.ok(inRange >= 20000 && inRange <= 20100, String(inRange));
    using server = echoWithin(await ok('inspect', '-f', '{{.State.Pid}}', name), 53);
    await server.ready;
    for (const host of ['127.0.0.1', '::1', ...hostAddresses()])
      assert.equal(await askUdp(host, ports.get('53/udp') ?? 0), 'echo ping', host);
    await ok('rm', '-f', name);
  });

  test(`${cli} run and restart keep the fixed port of a container that has chosen ones as well`, async () => {
    const probe = unique('probe');
    await ok('run', '-d', '--name', probe, '-p', '80', 'busybox', 'sleep', '1000');
    const next = Number(await portOf(probe)) + 1;
    const name = unique('fixed');
    await ok('run', '-d', '--name', name, '-p', '80', '-p', `${next}:8080`, 'busybox', 'sleep', '1000');
    assert.match(await ok('port', name, '8080/tcp'), new RegExp(`^0\\.0\\.0\\.0:${next}\n`));
    await ok('restart', '-t', '0', name);
    assert.match(await ok('port', name, '8080/tcp'), new RegExp(`^0\\.0\\.0\\.0:${next}\n`));
    assert.notEqual(await portOf(name), String(next));
    await ok('rm', '-f', name, probe);
  });

  test(`${cli} run -p 127.0.0.1:…/udp answers there and nowhere else`, async () => {
    const name = unique('local-udp');
    await ok('run', '-d', '--name', name, '-p', '127.0.0.1::53/udp', 'busybox', 'sleep', '1000');
    const port = Number((await ok('port', name, '53/udp')).split(':').at(-1));
    using server = echoWithin(await ok('inspect', '-f', '{{.State.Pid}}', name), 53);
    await server.ready;
    assert.equal(await askUdp('127.0.0.1', port), 'echo ping');
    for (const host of hostAddresses()) await assert.rejects(askUdp(host, port, 500), /no answer|ECONNREFUSED/, host);
    await ok('rm', '-f', name);
  });

  test(`${cli} run names the port that is taken, by a container and by another process`, async () => {
    const name = unique('taken');
    await ok('run', '-d', '--name', name, '-p', '80', 'busybox', 'sleep', '1000');
    const port = await portOf(name);
    const second = await engine()[cli]([
      'run',
      '-d',
      '--name',
      `${name}-2`,
      '-p',
      `${port}:80`,
      'busybox',
      'sleep',
      '1000',
    ]);
    assert.equal(second.code, 125);
    assert.match(second.stderr, new RegExp(`Bind for 0\\.0\\.0\\.0:${port} failed: port is already allocated`));
    await ok('rm', '-f', name, `${name}-2`);

    const server = createServer().listen(0, '0.0.0.0');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port: foreign } = server.address() as { readonly port: number };
    const third = await engine()[cli]([
      'run',
      '-d',
      '--name',
      `${name}-3`,
      '-p',
      `${foreign}:80`,
      'busybox',
      'sleep',
      '1000',
    ]);
    assert.equal(third.code, 125);
    assert.match(third.stderr, new RegExp(`${foreign}.*address already in use`));
    await ok('rm', '-f', `${name}-3`);
    server.close();
  });

  test(`${cli} run --network host, none and container:x`, async () => {
    const seen = await ok('run', '--rm', '--network', 'host', 'busybox', 'ls', '/sys/class/net');
    assert.ok(seen.split('\n').includes(engine().bridge), seen);
    assert.equal(await ok('run', '--rm', '--network', 'none', 'busybox', 'ls', '/sys/class/net'), 'lo');
    const name = unique('joined');
    await ok('run', '-d', '--name', name, 'busybox', 'sh', '-c', SERVER('shared'));
    await eventually(async () =>
      assert.equal(
        await ok('run', '--rm', '--network', `container:${name}`, 'busybox', 'wget', '-qO-', 'http://127.0.0.1/'),
        'shared',
      ),
    );
    await ok('rm', '-f', name);
    const gone = await engine()[cli](['run', '--rm', '--network', `container:${name}`, 'busybox', 'true']);
    assert.equal(gone.code, 125);
    assert.match(gone.stderr, new RegExp(`No such container: ${name}`));
  });

  test(`${cli} run --network container:x by a chain shows the network and the files of its end`, async () => {
    const [end, middle, last] = [unique('end'), unique('middle'), unique('last')];
    const run = (name: string, ...options: string[]): Promise<string> =>
      ok('run', '-d', '--name', name, ...options, 'busybox', 'sleep', '1000');
    await run(end, '-h', 'ahost', '--add-host', 'x:1.2.3.4', '--dns', '10.1.1.1');
    await run(middle, '--network', `container:${end}`);
    await run(last, '--network', `container:${middle}`);
    const files = ['cat', '/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];
    assert.equal(await ok('exec', last, ...files), await ok('exec', end, ...files));
    assert.equal(await ok('exec', last, 'ip', 'addr'), await ok('exec', end, 'ip', 'addr'));
    await ok('stop', '-t', '0', middle, last);
    const refused = await engine()[cli](['start', last]);
    assert.match(refused.stderr, new RegExp(`non running container: container ${middle} is exited`));
    const own = unique('own');
    const itself = await engine()[cli]([
      'run',
      '-d',
      '--name',
      own,
      '--network',
      `container:${own}`,
      'busybox',
      'true',
    ]);
    assert.equal(itself.code, 125);
    assert.match(itself.stderr, /cannot join own network namespace/);
    await ok('rm', '-f', end, middle, last, own);
  });

  test(`${cli} run writes hosts, hostname and resolv.conf`, async () => {
    const out = await ok(
      'run',
      '--rm',
      '-h',
      'box',
      '--add-host',
      'db:10.9.8.7',
      '--dns',
      '10.1.1.1',
      '--dns-search',
      'example.test',
      'busybox',
      'sh',
      '-c',
      'cat /etc/hosts /etc/hostname /etc/resolv.conf; hostname -i',
    );
    assert.match(out, /127\.0\.0\.1\s+localhost/);
    assert.match(out, /10\.9\.8\.7\s+db/);
    assert.match(out, /nameserver 10\.1\.1\.1/);
    assert.match(out, /search example\.test/);
    const address = out.split('\n').at(-1)!;
    assert.match(out, new RegExp(`${address.replaceAll('.', '\\.')}\\s+box`));
  });

  test(`${cli} network ls and inspect show bridge, host and none`, async () => {
    const rows = (await ok('network', 'ls', '--format', '{{.Name}} {{.Driver}} {{.Scope}}')).split('\n').sort();
    assert.deepEqual(rows, ['bridge bridge local', 'host host local', 'none null local']);
    const name = unique('listed');
    await ok('run', '-d', '--name', name, 'busybox', 'sleep', '1000');
    assert.match(await ok('network', 'inspect', 'bridge'), new RegExp(`"Name": "${name}"`));
    await ok('rm', '-f', name);
  });
}
