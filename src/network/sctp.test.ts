import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { networkFixture, sandboxRequest } from './testing/network-fixture.ts';
import { HOST_ADDRESS, HOST_ADDRESS_6, OUTSIDE_ADDRESS, privateHost } from './testing/private-host.ts';

/**
 * Ports of SCTP. A kernel without it refuses them, in Docker's words; `npm run test:kernels` runs this file with kernels
 * that have it. Node has no such sockets, Python has.
 */

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const hasPython = spawnSync('python3', ['--version']).status === 0;
const publish = { portBindings: { '80/sctp': [{ HostPort: '18080' }] } };

const IPPROTO_SCTP = 132;
const SERVER = `
import socket
server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, ${IPPROTO_SCTP})
server.bind(('::', 80))
server.listen(5)
print('ready', flush=True)
while True:
    client, address = server.accept()
    client.sendall(('sctp ' + address[0].replace('::ffff:', '')).encode())
    client.close()
`;
const CLIENT = `
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
client = socket.socket(family, socket.SOCK_STREAM, ${IPPROTO_SCTP})
client.settimeout(5)
client.connect((sys.argv[1], int(sys.argv[2])))
print(client.recv(100).decode(), end='')
`;

/** Whether the kernel has such sockets. */
function hasSctp(): boolean {
  const script = `import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, ${IPPROTO_SCTP})`;
  return spawnSync('python3', ['-c', script]).status === 0;
}

test('ports of SCTP', { skip: hasPython ? false : 'python3 is not installed' }, async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'dual', enableIpv6: true });
  const attached = networks.attach(sandboxRequest('web', { mode: 'dual', ...publish }), signal);
  if (!hasSctp()) {
    await assert.rejects(attached, {
      kind: 'failed',
      message:
        /^failed to set up container networking: driver failed programming external connectivity on endpoint name-web \([0-9a-f]{64}\): error starting userland proxy: failed to listen on 0\.0\.0\.0:18080: protocol not supported$/,
    });
    await networks.remove('dual');
    return;
  }
  const web = await attached;
  const server = spawn('nsenter', [`--net=${web.netnsPath}`, 'python3', '-c', SERVER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(server.stdout, 'data');
    const ask = (host: string): string => {
      const args = [`--net=${outside.netnsPath}`, 'python3', '-c', CLIENT, host, '18080'];
      return execFileSync('nsenter', args, { encoding: 'utf8' });
    };
    assert.equal(ask(HOST_ADDRESS), `sctp ${OUTSIDE_ADDRESS}`);
    assert.match(ask(HOST_ADDRESS_6), /^sctp 2001:db8::/);
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
  await networks.detach('web');
  await assert.rejects(async () => execFileSync('python3', ['-c', CLIENT, HOST_ADDRESS, '18080'], { stdio: 'pipe' }));
  await networks.remove('dual');
});
