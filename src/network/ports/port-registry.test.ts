import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { test } from 'node:test';
import { silentLogger } from '../../base/logger.ts';
import { ContainerPorts } from './container-ports.ts';
import { type BindPort, closeSockets, PortRegistry } from './port-registry.ts';
import { parsePortBindings } from './port-request.ts';
import { relayBudget } from './relay-budget.ts';
import { wantedPorts } from './wanted-ports.ts';

class Refusal extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** A host on which `busy` ports (`tcp 0.0.0.0 80`) belong to others. The descriptors are real ones of /dev/null. */
function host(busy: Readonly<Record<string, string>> = {}): { bind: BindPort; bound: string[] } {
  const bound: string[] = [];
  return {
    bound,
    bind: ({ protocol, address, port }) => {
      const name = `${protocol} ${address} ${port}`;
      const code = busy[name];
      if (code !== undefined) throw new Refusal(code);
      bound.push(name);
      return openSync('/dev/null', 'r');
    },
  };
}

function registry(bind: BindPort): PortRegistry {
  return new PortRegistry({ ephemeral: { first: 40000, last: 40003 }, hasIpv6: true, bind });
}

const one = (HostPort: string, HostIp = '') => parsePortBindings({ '80/tcp': [{ HostIp, HostPort }] });

test('a port of every address is taken for IPv4 and IPv6, and free again after its release', () => {
  const { bind, bound } = host();
  const ports = registry(bind);
  const taken = ports.reserve(one('8080'), '172.17.0.2');
  assert.deepEqual(bound, ['tcp 0.0.0.0 8080', 'tcp :: 8080']);
  closeSockets(taken);
  ports.release(taken);
  closeSockets(ports.reserve(one('8080'), '172.17.0.2'));
});

test('a port of another container is refused before any socket is tried', () => {
  const { bind, bound } = host();
  const ports = registry(bind);
  closeSockets(ports.reserve(one('8080'), '172.17.0.2'));
  const message = 'Bind for 0.0.0.0:8080 failed: port is already allocated';
  assert.throws(() => ports.reserve(one('8080'), '172.17.0.3'), { message });
  assert.throws(() => ports.reserve(one('8080', '127.0.0.1'), '172.17.0.3'), {
    message: 'Bind for 0.0.0.0:8080 failed: port is already allocated',
  });
  assert.equal(bound.length, 2);
  // A port of another protocol is another port.
  closeSockets(ports.reserve(parsePortBindings({ '80/udp': [{ HostPort: '8080' }] }), '172.17.0.3'));
});

test('different addresses of the host have the same port', () => {
  const { bind } = host();
  const ports = registry(bind);
  for (const address of ['127.0.0.1', '127.0.0.2', '::1'])
    closeSockets(ports.reserve(one('8080', address), '172.17.0.2'));
  assert.throws(() => ports.reserve(one('8080', '0.0.0.0'), '172.17.0.2'), /port is already allocated/);
});

test('a refusal names the address that has the port', () => {
  const { bind } = host();
  const ports = registry(bind);
  closeSockets(ports.reserve(one('8080', '127.0.0.1'), '172.17.0.2'));
  closeSockets(ports.reserve(one('8081', '::1'), '172.17.0.2'));
  const refused = (HostPort: string, HostIp: string, message: string): void => {
    assert.throws(() => ports.reserve(one(HostPort, HostIp), '172.17.0.3'), { message });
  };
  refused('8080', '', 'Bind for 127.0.0.1:8080 failed: port is already allocated');
  refused('8081', '', 'Bind for ::1:8081 failed: port is already allocated');
});

test('a port of a foreign process is refused, and nothing of the container is kept', () => {
  const { bind } = host({ 'tcp :: 81': 'EADDRINUSE' });
  const ports = registry(bind);
  const requests = parsePortBindings({ '80/tcp': [{ HostPort: '80' }], '81/tcp': [{ HostPort: '81' }] });
  assert.throws(() => ports.reserve(requests, '172.17.0.2'), {
    message: 'failed to bind host port for [::]:81:172.17.0.2:81/tcp: address already in use',
  });
  closeSockets(ports.reserve(one('80'), '172.17.0.3'));
});

test('the first free port of a range is taken, and a full range names the last refusal of the host', () => {
  const { bind } = host({ 'tcp 0.0.0.0 8000': 'EADDRINUSE' });
  const ports = registry(bind);
  const first = ports.reserve(one('8000-8002'), '172.17.0.2');
  assert.equal(first[0]?.hostPort, 8001);
  closeSockets(first);
  const second = ports.reserve(one('8000-8002'), '172.17.0.2');
  assert.equal(second[0]?.hostPort, 8002);
  closeSockets(second);
  assert.throws(() => ports.reserve(one('8000-8002'), '172.17.0.2'), {
    message: 'failed to bind host port 8000 for 0.0.0.0:8000-8002:172.17.0.2:80/tcp: address already in use',
  });
  assert.throws(() => ports.reserve(one('8001-8002'), '172.17.0.2'), { message: 'all ports are allocated' });
});

test('fixed ports are reserved first, then ranges, then ports that the engine chooses', () => {
  const ports = registry(host().bind);
  const requests = parsePortBindings({
    '80/tcp': [{}],
    '81/tcp': [{ HostPort: '40000-40002' }],
    '82/tcp': [{ HostPort: '40000-40001' }],
    '83/tcp': [{ HostPort: '40000' }],
  });
  const taken = ports.reserve(requests, '172.17.0.2').filter(({ hostAddress }) => hostAddress === '0.0.0.0');
  closeSockets(taken);
  assert.deepEqual(
    taken.map(({ port, hostPort }) => [port, hostPort]),
    [
      [83, 40000],
      [82, 40001],
      [81, 40002],
      [80, 40003],
    ],
  );
});

test('one port serves all host addresses of a request, and a refused address gives the others back', () => {
  const { bind } = host({ 'tcp 127.0.0.2 40000': 'EADDRINUSE' });
  const ports = registry(bind);
  const bindings = ['127.0.0.1', '127.0.0.2', '::1'].map((HostIp) => ({ HostIp, HostPort: '40000-40001' }));
  const taken = ports.reserve(parsePortBindings({ '80/tcp': bindings }), '172.17.0.2');
  closeSockets(taken);
  assert.deepEqual(
    taken.map(({ hostPort }) => hostPort),
    [40001, 40001, 40001],
  );
  closeSockets(ports.reserve(one('40000', '127.0.0.1'), '172.17.0.2'));
});

test('any port comes from the ephemeral range, each once, until it is exhausted', () => {
  const { bind } = host({ 'tcp 0.0.0.0 40001': 'EADDRINUSE' });
  const ports = registry(bind);
  const seen = new Set<number>();
  for (let count = 0; count < 3; count++) {
    const taken = ports.reserve(one(''), '172.17.0.2');
    closeSockets(taken);
    seen.add(taken[0]?.hostPort ?? 0);
  }
  assert.deepEqual([...seen], [40000, 40002, 40003]);
  assert.throws(() => ports.reserve(one(''), '172.17.0.2'));
});

test('an address that the host does not have is an error at once, whatever the range', () => {
  const { bind, bound } = host({ 'tcp 9.9.9.9 8000': 'EADDRNOTAVAIL' });
  assert.throws(() => registry(bind).reserve(one('8000-9000', '9.9.9.9'), '172.17.0.2'), {
    message: 'failed to bind host port 8000 for 9.9.9.9:8000-9000:172.17.0.2:80/tcp: cannot assign requested address',
  });
  assert.deepEqual(bound, []);
});

test('without IPv6 in the kernel the rest is published; without SCTP its ports are refused in the words of Docker', () => {
  const { bind } = host({
    'tcp :: 80': 'EAFNOSUPPORT',
    'sctp 0.0.0.0 80': 'EPROTONOSUPPORT',
    'sctp :: 80': 'EPROTONOSUPPORT',
  });
  const ports = registry(bind);
  const tcp = ports.reserve(one('80'), '172.17.0.2');
  assert.deepEqual(
    tcp.map(({ hostAddress, fd }) => [hostAddress, fd !== undefined]),
    [
      ['0.0.0.0', true],
      ['::', false],
    ],
  );
  closeSockets(tcp);
  const sctp = parsePortBindings({ '80/sctp': [{ HostPort: '80' }] });
  assert.throws(() => ports.reserve(sctp, '172.17.0.2'), {
    kind: 'failed',
    message: 'error starting userland proxy: failed to listen on 0.0.0.0:80: protocol not supported',
  });
  const published = { hostAddress: '0.0.0.0', hostPort: 80, protocol: 'sctp', port: 80 } as const;
  assert.deepEqual(ports.adopt([published]), { ports: [{ ...published, fd: undefined }], lost: [] });
});

test('after a restart ports are taken back, and those lost meanwhile are told but kept from others', () => {
  const { bind } = host({ 'tcp 0.0.0.0 81': 'EADDRINUSE' });
  const ports = registry(bind);
  const { ports: adopted, lost } = ports.adopt([
    { hostAddress: '0.0.0.0', hostPort: 80, protocol: 'tcp', port: 80 },
    { hostAddress: '0.0.0.0', hostPort: 81, protocol: 'tcp', port: 81 },
  ]);
  assert.deepEqual(lost, ['0.0.0.0:81/tcp']);
  assert.throws(() => ports.reserve(one('80'), '172.17.0.3'), /port is already allocated/);
  assert.throws(() => ports.reserve(one('81'), '172.17.0.3'), /port is already allocated/);
  closeSockets(adopted);
});

test('several ports of the host that lead to one of the container open it once to trusted interfaces', () => {
  const bindings = { '80/tcp': [{ HostPort: '8080' }, { HostPort: '8081' }] };
  const ports = registry(host().bind);
  const taken = ports.reserve(parsePortBindings(bindings), '172.17.0.2');
  const target = { ipv4: '172.17.0.2', ipv6: '', routed: [], trusting: [4] } as const;
  const deps = { registry: ports, logger: silentLogger, budget: relayBudget(), throughInput: false };
  using container = new ContainerPorts(deps, taken, target);
  const kinds = container.elements().map(({ kind }) => kind);
  assert.deepEqual(kinds.sort(), ['translated', 'translated', 'trusted']);
});

test('ports of the last run come first, unless they are taken or out of the range', () => {
  const { bind } = host({ 'tcp 0.0.0.0 40003': 'EADDRINUSE' });
  const ports = registry(bind);
  const reserve = (hostPort: string, last: readonly string[]): readonly number[] => {
    const lastPorts = { '80/tcp': last.map((HostPort) => ({ HostIp: '0.0.0.0', HostPort })) };
    const wishes = {
      exposedPorts: [],
      portBindings: { '80/tcp': [{ HostPort: hostPort }] },
      publishAll: false,
      lastPorts,
    };
    const taken = ports.reserve(wantedPorts(wishes, ''), '172.17.0.2');
    closeSockets(taken);
    return [...new Set(taken.map((port) => port.hostPort))];
  };
  assert.deepEqual(reserve('', ['40002']), [40002]);
  assert.deepEqual(reserve('', ['40002']), [40000], 'another container has it');
  assert.deepEqual(reserve('', ['40003']), [40001], 'another process has it, and the search goes on where it was');
  assert.deepEqual(reserve('50000-50009', ['50007', '9']), [50007]);
  assert.deepEqual(reserve('50000-50009', ['60000']), [50000]);
  assert.deepEqual(reserve('8080', ['8081']), [8080]);
});
