import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

/** The host's own rules: published ports that obey the rules for input, and the chain `gantry-user`. */

const engine = useEngine({ flags: ['--publish-through-input'] });
const nft = (input: string): string => execFileSync('nft', ['-f', '-'], { encoding: 'utf8', input });
const SERVER = 'mkdir /www && echo served >/www/index.html && exec httpd -f -p 80 -h /www';
const ask = async (url: string): Promise<string> => {
  try {
    return (await (await fetch(url, { signal: AbortSignal.timeout(10_000) })).text()).trim();
  } catch (error) {
    return error instanceof Error ? `${error.name} ${(error.cause as { code?: string } | undefined)?.code ?? ''}` : '';
  }
};

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);

  test(`${cli} run -p with publish-through-input: a rule for input closes the port, and no other`, async () => {
    const [name, table] = [unique('c'), unique('guard').replaceAll('-', '_')];
    await ok(
      'run',
      '-d',
      '--name',
      name,
      '-p',
      '127.0.0.1::80',
      '-p',
      '127.0.0.1::80/udp',
      'busybox',
      'sh',
      '-c',
      SERVER,
    );
    const address = await ok('port', name, '80/tcp');
    const port = address.split(':').at(-1);
    await eventually(async () => assert.equal(await ask(`http://${address}/`), 'served'));
    nft(`add table inet ${table}
add chain inet ${table} input { type filter hook input priority 0; }
add rule inet ${table} input iifname "lo" tcp dport ${port} reject with tcp reset`);
    try {
      assert.match(await ask(`http://${address}/`), /ECONNREFUSED/);
    } finally {
      nft(`delete table inet ${table}`);
    }
    await eventually(async () => assert.equal(await ask(`http://${address}/`), 'served'));
    await ok('rm', '-f', name);
  });

  test(`${cli} run: a rule in gantry-user stops what the host forwards`, async () => {
    const [near, far, server] = [unique('net'), unique('net'), unique('c')];
    // Without protection the other network reaches the server by its address.
    await ok('network', 'create', '-o', 'com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected', far);
    await ok('network', 'create', near);
    await ok('run', '-d', '--name', server, '--network', far, 'busybox', 'sh', '-c', SERVER);
    const format = `{{(index .NetworkSettings.Networks "${far}").IPAddress}}`;
    const address = await ok('inspect', '-f', format, server);
    const wget = ['busybox', 'sh', '-c', `timeout 5 wget -q -O - http://${address}/ || echo closed`];
    const fetched = () => ok('run', '--rm', '--network', near, ...wget);
    await eventually(async () => assert.equal(await fetched(), 'served'));
    const chain = `inet gantry-${engine().bridge} gantry-user`;
    nft(`add rule ${chain} ip daddr ${address} reject with tcp reset`);
    try {
      assert.equal(await fetched(), 'closed');
    } finally {
      nft(`flush chain ${chain}`);
    }
    assert.equal(await fetched(), 'served');
    await ok('rm', '-f', server);
    await ok('network', 'rm', near, far);
  });
}
