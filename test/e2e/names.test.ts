import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { command } from '../support/command.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { CLIS, eventually, loadBusybox, unique, useEngine } from '../support/fixture.ts';
import { nameServerPid, supervisorPid } from '../support/resources.ts';

const engine = useEngine();

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const addressOf = (name: string, network: string): Promise<string> =>
    ok('inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);

  test(`${cli}: containers of a network find each other by name, alias, short id and network; renames follow`, async () => {
    const [net, other, web, ask] = [unique('net'), unique('net'), unique('web'), unique('ask')];
    await ok('network', 'create', net);
    await ok('network', 'create', other);
    const id = await ok(
      'run',
      '-d',
      '--name',
      web,
      '--network',
      net,
      '--network-alias',
      'db',
      'busybox',
      'sleep',
      '1000',
    );
    await ok('run', '-d', '--name', ask, '--network', net, 'busybox', 'sleep', '1000');
    const address = await addressOf(web, net);
    const found = async (name: string): Promise<string> => {
      const { stdout } = await engine()[cli](['exec', ask, 'nslookup', '-type=a', name]);
      return /^Address: (\S+)$/m.exec(stdout)?.[1] ?? 'nothing';
    };
    for (const name of [web, web.toUpperCase(), 'db', id.slice(0, 12), `${web}.${net}`, `db.${net}`]) {
      assert.equal(await found(name), address, name);
    }
    assert.match(await ok('exec', ask, 'ping', '-c', '1', '-W', '2', 'db'), new RegExp(`PING db \\(${address}\\)`));
    assert.match(await ok('exec', ask, 'nslookup', address), new RegExp(`name = ${web}\\.${net}`));
    assert.equal(await found(`${web}.${other}`), 'nothing', 'a network that the container is not on');

    await ok('rename', web, `${web}-new`);
    assert.equal(await found(`${web}-new`), address);
    assert.equal(await found(web), 'nothing');
    await ok('network', 'disconnect', net, `${web}-new`);
    assert.equal(await found('db'), 'nothing');
    await ok('network', 'connect', '--alias', 'again', net, `${web}-new`);
    assert.equal(await found('again'), await addressOf(`${web}-new`, net));
    assert.equal(await found('db'), 'nothing');
    await ok('stop', '-t', '0', `${web}-new`);
    assert.equal(await found('again'), 'nothing', 'a container that does not run');
    await ok('start', `${web}-new`);
    assert.equal(await found('again'), await addressOf(`${web}-new`, net));
    await ok('rm', '-f', `${web}-new`, ask);
    await ok('network', 'rm', net, other);
  });

  test(`${cli}: a container of the default bridge gets names when it joins a network, and several share an alias`, async () => {
    const [net, late, one, two] = [unique('net'), unique('late'), unique('one'), unique('two')];
    await ok('network', 'create', net);
    await ok('run', '-d', '--name', late, 'busybox', 'sleep', '1000');
    assert.doesNotMatch(await ok('exec', late, 'cat', '/etc/resolv.conf'), /127\.0\.0\.11/);
    await ok('network', 'connect', net, late);
    assert.match(
      await ok('exec', late, 'cat', '/etc/resolv.conf'),
      /^nameserver 127\.0\.0\.11$.*^options .*ndots:0$/ms,
    );
    for (const name of [one, two]) {
      await ok('run', '-d', '--name', name, '--network', net, '--network-alias', 'both', 'busybox', 'sleep', '1000');
    }
    const both = [await addressOf(one, net), await addressOf(two, net)].sort();
    const answers = new Set<string>();
    for (let turn = 0; turn < 20 && answers.size < 2; turn++) {
      const found = [...(await ok('exec', late, 'nslookup', '-type=a', 'both')).matchAll(/^Address: (\S+)$/gm)];
      assert.deepEqual(found.map(([, address]) => address).sort(), both);
      answers.add(found[0]?.[1] ?? '');
    }
    assert.equal(answers.size, 2, 'in rotation');
    await ok('rm', '-f', late, one, two);
    await ok('network', 'rm', net);
  });

  test(`${cli}: a link is a name for one container alone; a network may be named by its id`, async () => {
    const [net, other, target, user] = [unique('net'), unique('net'), unique('target'), unique('user')];
    const id = await ok('network', 'create', net);
    await ok('network', 'create', other);
    await ok('run', '-d', '--name', target, '--network', net, 'busybox', 'sleep', '1000');
    await ok('network', 'connect', other, target);
    await ok(
      'run',
      '-d',
      '--name',
      user,
      '--network',
      `name=${id},alias=x`,
      '--link',
      `${target}:peer`,
      'busybox',
      'sleep',
      '1000',
    );
    const shown = await ok('inspect', '-f', '{{json .HostConfig.Links}} {{json .NetworkSettings.Networks}}', user);
    const [links, networks] = shown.split(' ');
    assert.equal(links, 'null');
    assert.deepEqual(
      Object.entries(JSON.parse(networks ?? '') as Record<string, { Links: string[] }>).map(([name, { Links }]) => [
        name,
        Links,
      ]),
      [[net, [`${target}:peer`]]],
    );
    const found = async (asker: string, name: string): Promise<string> => {
      const { stdout } = await engine()[cli](['exec', asker, 'nslookup', '-type=a', name]);
      return /^Address: (\S+)$/m.exec(stdout)?.[1] ?? 'nothing';
    };
    assert.equal(await found(user, 'peer'), await addressOf(target, net));
    assert.equal(await found(user, 'x'), await addressOf(user, net));
    assert.equal(await found(target, 'peer'), 'nothing');
    await ok('network', 'connect', '--link', `${target}:far`, other, user);
    assert.equal(await found(user, 'far'), await addressOf(target, other));
    await ok('rm', '-f', target, user);
    await ok('network', 'rm', net, other);
  });

  test(`${cli}: other names are asked of --dns; a container of an internal network asks nobody`, async () => {
    const [net, inner] = [unique('net'), unique('net')];
    await ok('network', 'create', net);
    await ok('network', 'create', '--internal', inner);
    const gateway = await ok('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', net);
    const asked: string[] = [];
    const upstream = createSocket('udp4').on('message', (query, { port, address }) => {
      asked.push(address);
      upstream.send(answerWith(query, '10.9.8.7'), port, address);
    });
    upstream.bind(53, gateway);
    await once(upstream, 'listening');
    const lookup = ['busybox', 'nslookup', '-type=a', 'example.test'];
    const found = await ok('run', '--rm', '--network', net, '--dns', gateway, ...lookup);
    assert.match(found, /^Address: 10\.9\.8\.7$/m);
    assert.equal(asked.length, 1);
    assert.ok(asked[0] !== gateway, "from the container's own address");
    const { code, stdout } = await engine()[cli](['run', '--rm', '--network', inner, '--dns', gateway, ...lookup]);
    assert.notEqual(code, 0);
    assert.match(stdout, /SERVFAIL/);
    assert.equal(asked.length, 1);
    upstream.close();
    await ok('network', 'rm', net, inner);
  });
}

test('glibc and Node resolve names of both families at once, and a DNS server of the container keeps its port', async () => {
  const gantry = (...args: string[]): Promise<string> => engine().ok('gantry', args);
  const [net, web] = [unique('net'), unique('web')];
  await gantry('network', 'create', net);
  const host = ['/usr:/usr:ro', '/usr/lib:/lib:ro', '/lib64:/lib64:ro'].flatMap((bind) => ['-v', bind]);
  const node = dirname(process.execPath);
  await gantry(
    'run',
    '-d',
    '--name',
    web,
    '--network',
    net,
    ...host,
    '-v',
    `${node}:/node:ro`,
    'busybox',
    'sleep',
    '1000',
  );
  const address = await gantry('inspect', '-f', `{{(index .NetworkSettings.Networks "${net}").IPAddress}}`, web);
  assert.match(await gantry('exec', web, '/usr/bin/getent', 'ahosts', web), new RegExp(`^${address}\\s+STREAM ${web}`));
  const { code } = await engine().gantry(['exec', web, '/usr/bin/getent', 'hosts', 'nobody']);
  assert.equal(code, 2);
  const script = `
    const own = require('dgram').createSocket('udp4').bind(53, '0.0.0.0', async () => {
      const dns = require('dns').promises;
      const all = await dns.lookup('${web}', { all: true });
      const six = await dns.resolve6('${web}').catch((error) => error.code);
      const nobody = await dns.resolve4('nobody.invalid').catch((error) => error.code);
      console.log(JSON.stringify([all, six, nobody !== undefined]));
      own.close();
    });`;
  const printed = await gantry('exec', web, '/node/node', '-e', script);
  assert.deepEqual(JSON.parse(printed), [[{ address, family: 4 }], 'ENODATA', true]);
  await gantry('rm', '-f', web);
  await gantry('network', 'rm', net);
});

test('names resolve while the daemon is dead, and after the death of the name server, the supervisor, and all of them', async () => {
  await using own = await startEngine();
  await loadBusybox(own);
  await own.ok('gantry', ['network', 'create', 'n']);
  await own.ok('gantry', ['run', '-d', '--name', 'web', '--network', 'n', 'busybox', 'sleep', '1000']);
  const pid = await own.ok('gantry', ['inspect', '-f', '{{.State.Pid}}', 'web']);
  const resolves = async (): Promise<void> => {
    const args = ['-t', pid, '-m', '-n', 'nslookup', '-type=a', 'web', '127.0.0.11'];
    const { code, stdout } = await command('nsenter', args);
    assert.equal(code, 0, stdout);
  };
  const serverIsBack = (before: number): Promise<void> =>
    eventually(async () => assert.notEqual(nameServerPid(own), before));
  await resolves();

  const first = nameServerPid(own);
  process.kill(first, 'SIGKILL');
  await resolves();
  await serverIsBack(first);

  await own.kill9();
  await resolves();
  const second = nameServerPid(own);
  process.kill(second, 'SIGKILL');
  await resolves();
  await own.start();
  await resolves();

  process.kill(supervisorPid(own), 'SIGKILL');
  await resolves();
  await eventually(async () => void supervisorPid(own));
  await own.ok('gantry', ['rename', 'web', 'web2']);
  await lacksName(own, pid, 'web');

  // Nobody has the sockets any more: the daemon opens others.
  await own.ok('gantry', ['network', 'create', 'm']);
  process.kill(supervisorPid(own), 'SIGKILL');
  process.kill(nameServerPid(own), 'SIGKILL');
  await own.ok('gantry', ['rename', 'web2', 'web3']);
  await own.ok('gantry', ['network', 'connect', 'm', 'web3']);
  await own.ok('gantry', ['exec', 'web3', 'nslookup', '-type=a', 'web3.m']);
  await own.ok('gantry', ['rename', 'web3', 'web2']);

  process.kill(supervisorPid(own), 'SIGKILL');
  process.kill(nameServerPid(own), 'SIGKILL');
  await own.kill9();
  await own.start();
  await lacksName(own, pid, 'web');
  await own.ok('gantry', ['exec', 'web2', 'nslookup', '-type=a', 'web2']);
  await own.ok('gantry', ['rm', '-f', 'web2']);
  await own.ok('gantry', ['network', 'rm', 'n', 'm']);
});

test('odd names of networks and aliases work, and a flood of aliases is refused', async () => {
  const api = async (path: string, body: object): Promise<number> => (await engine().api('POST', path, body)).status;
  const create = async (network: string, Aliases: readonly string[]): Promise<number> => {
    const body = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: network } };
    return await api('/containers/create?name=odd', {
      ...body,
      NetworkingConfig: { EndpointsConfig: { [network]: { Aliases } } },
    });
  };
  for (const network of ['__proto__', 'constructor', 'odd.net']) {
    assert.equal(await api('/networks/create', { Name: network }), 201);
    if (network === 'odd.net') {
      const flood = Array.from({ length: 5000 }, (_, index) => `${index}`.padStart(250, 'a'));
      assert.equal(await create(network, flood), 400);
    }
    assert.equal(await create(network, ['', '\0', '__proto__', 'x'.repeat(300), 'örtlich', 'a.b', 'ok']), 201);
    assert.equal(await api('/containers/odd/start', {}), 204);
    const networks = await engine().ok('gantry', ['inspect', '-f', '{{json .NetworkSettings.Networks}}', 'odd']);
    assert.deepEqual(Object.keys(JSON.parse(networks) as object), [network]);
    const aliases = network === '__proto__' ? [] : ['ok', '__proto__', 'a.b', `ok.${network}`];
    for (const name of ['odd', `odd.${network}`, ...aliases]) {
      await engine().ok('gantry', ['exec', 'odd', 'nslookup', '-type=a', name]);
    }
    await engine().ok('gantry', ['rm', '-f', 'odd']);
    await engine().ok('gantry', ['network', 'rm', network]);
  }
});

async function lacksName(_engine: TestEngine, pid: string, name: string): Promise<void> {
  const { code } = await command('nsenter', ['-t', pid, '-m', '-n', 'nslookup', '-type=a', name, '127.0.0.11']);
  assert.notEqual(code, 0);
}

/** The response to a query of one question, with one address. */
function answerWith(query: Buffer, address: string): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, ...address.split('.').map(Number)]);
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180, 2);
  head.set([0, 1, 0, 1, 0, 0, 0, 0], 4);
  return Buffer.concat([head, query.subarray(12, end), record]);
}
