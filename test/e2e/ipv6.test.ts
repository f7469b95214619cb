import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const skip = existsSync('/proc/net/if_inet6') ? false : 'the kernel has no IPv6';
const engine = useEngine({ flags: ['--ipv6', '--fixed-cidr-v6', 'fd00:90::/64'] });
const SERVER = 'mkdir /www && echo six >/www/index.html && exec httpd -f -p 80 -h /www';

interface Endpoint {
  readonly IPAddress: string;
  readonly GlobalIPv6Address: string;
  readonly GlobalIPv6PrefixLen: number;
  readonly IPv6Gateway: string;
}

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const endpoint = async (container: string, network: string): Promise<Endpoint> => {
    const networks = JSON.parse(await ok('inspect', '-f', '{{json .NetworkSettings.Networks}}', container)) as Record<
      string,
      Endpoint
    >;
    return networks[network] ?? assert.fail(network);
  };

  test(`${cli} network create --ipv6: containers reach each other by name and address`, { skip }, async () => {
    const [net, web, asking] = [unique('six'), unique('web'), unique('asking')];
    await ok('network', 'create', '--ipv6', '--subnet', 'fd00:91::/64', net);
    assert.equal(await ok('network', 'inspect', '-f', '{{.EnableIPv4}} {{.EnableIPv6}}', net), 'true true');
    await ok('run', '-d', '--name', web, '--network', net, '--ip6', 'fd00:91::99', 'busybox', 'sh', '-c', SERVER);
    const { GlobalIPv6Address, GlobalIPv6PrefixLen, IPv6Gateway } = await endpoint(web, net);
    assert.deepEqual([GlobalIPv6Address, GlobalIPv6PrefixLen, IPv6Gateway], ['fd00:91::99', 64, 'fd00:91::1']);
    await ok('run', '-d', '--name', asking, '--network', net, 'busybox', 'sleep', '1000');
    const inside = (...command: string[]): Promise<string> => ok('exec', asking, ...command);
    assert.match(await inside('nslookup', '-type=aaaa', web, '127.0.0.11'), /Address: fd00:91::99$/m);
    assert.match(await inside('nslookup', 'fd00:91::99', '127.0.0.11'), new RegExp(`name = ${web}\\.${net}`));
    await eventually(async () => {
      assert.equal(
        await inside('sh', '-c', 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc fd00:91::99 80 | tail -1'),
        'six',
      );
    });
    assert.match(await ok('exec', web, 'cat', '/etc/hosts'), /^fd00:91::99\t[0-9a-f]{12}$/m);
    await ok('rm', '-f', web, asking);
    await ok('network', 'rm', net);
  });

  test(`${cli} run on the default bridge with IPv6: address, host gateways, published port`, { skip }, async () => {
    const web = unique('web');
    const hosts = ['--add-host', 'host.docker.internal:host-gateway'];
    await ok('run', '-d', '--name', web, '-p', '80', ...hosts, 'busybox', 'sh', '-c', SERVER);
    const address = await ok('inspect', '-f', '{{.NetworkSettings.GlobalIPv6Address}}', web);
    assert.match(address, /^fd00:90::[0-9a-f]+$/);
    const file = await ok('exec', web, 'cat', '/etc/hosts');
    assert.match(file, /^fd00:90::1\thost\.docker\.internal$/m);
    assert.match(file, /^10\.\S+\.1\thost\.docker\.internal$/m);
    const port = Number((await ok('port', web, '80')).split('\n')[0]?.split(':').at(-1));
    // By the bridge's own address the firewall translates, by ::1 the engine relays.
    for (const host of ['fd00:90::1', '::1', '127.0.0.1']) {
      await eventually(async () => assert.match(await get(host, port), /six\n$/, host));
    }
    await ok('rm', '-f', web);
  });

  test(`${cli} network create --ipv4=false: a network of IPv6 alone`, { skip }, async () => {
    const [net, web] = [unique('six'), unique('web')];
    await ok('network', 'create', '--ipv4=false', '--ipv6', net);
    await ok('run', '-d', '--name', web, '--network', net, 'busybox', 'sleep', '1000');
    const { IPAddress, GlobalIPv6Address } = await endpoint(web, net);
    assert.deepEqual([IPAddress, GlobalIPv6Address.slice(0, 2)], ['', 'fd']);
    assert.equal(await ok('exec', web, 'ip', '-4', 'addr', 'show', 'eth0'), '');
    await ok('rm', '-f', web);
    await ok('network', 'rm', net);
  });
}

function get(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ host, port }, () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('end', () => resolve(text)).on('error', reject);
  });
}
