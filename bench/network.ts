// `node bench/network.ts`: measures networks below the API, in a network namespace of its own. Needs root.
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../src/base/logger.ts';
import { memoryRecords } from '../src/base/records.ts';
import { isolateNetwork, NetlinkSocket, setLink } from '../src/linux/index.ts';
import { createNetworks, type NetworkRecord, type SandboxRequest } from '../src/network/index.ts';
import { fakeNameServer } from '../src/network/testing/fake-name-server.ts';
import { createPluginHost } from '../src/plugins/index.ts';
import type { PortMap } from '../src/spec/index.ts';

const ROUNDS = 60;
const signal = new AbortController().signal;

isolateNetwork();
{
  using socket = new NetlinkSocket();
  socket.execute(setLink({ name: 'lo' }, { up: true }));
}
const execRoot = mkdtempSync(join(existsSync('/run') ? '/run' : tmpdir(), 'bench-network-'));
const started = performance.now();
const networks = await createNetworks({
  config: { execRoot, bridgeName: 'gbench0', engineId: 'bench' },
  records: memoryRecords<NetworkRecord>(),
  leases: memoryRecords(),
  remoteEndpoints: memoryRecords(),
  logger: silentLogger,
  events: { emit() {} },
  nameServer: Promise.resolve(fakeNameServer()),
  plugins: createPluginHost({ folders: [], logger: silentLogger }),
});
await networks.restore([]);
const startMs = performance.now() - started;

function request(containerId: string, portBindings: PortMap = {}, mode = 'bridge'): SandboxRequest {
  return {
    containerId,
    containerName: containerId,
    mode,
    endpoints: {},
    exposedPorts: [],
    portBindings,
    publishAll: false,
    sysctls: {},
  };
}

interface Figures {
  readonly attach: number[];
  readonly detach: number[];
}

/** One container after the other, each with a life of 20 ms, as `run --rm` has. */
async function oneByOne(rounds: number, ports: PortMap, mode = 'bridge'): Promise<Figures> {
  const figures: Figures = { attach: [], detach: [] };
  for (let round = 0; round < rounds; round++) {
    figures.attach.push(await timed(() => networks.attach(request('one', ports, mode), signal)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    figures.detach.push(await timed(() => networks.detach('one')));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return figures;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

function row(name: string, values: number[]): void {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2);
  console.log(`| ${name} | ${at(0.5)} | ${at(0.95)} |`);
}

const hundred: PortMap = Object.fromEntries(
  Array.from({ length: 100 }, (_, at) => [`${20000 + at}/tcp`, [{ HostPort: String(20000 + at) }]]),
);
try {
  console.log('| ms | median | 95 % |\n| --- | --- | --- |');
  row('start of networks', [startMs]);
  await oneByOne(5, {});
  for (const [name, rounds, ports, mode] of [
    ['no port', ROUNDS, {}, 'bridge'],
    ['none', ROUNDS, {}, 'none'],
    ['one port', ROUNDS, { '80/tcp': [{ HostPort: '18080' }] }, 'bridge'],
    ['100 ports', 20, hundred, 'bridge'],
  ] as const) {
    const figures = await oneByOne(rounds, ports, mode);
    row(`attach, ${name}`, figures.attach);
    row(`detach, ${name}`, figures.detach);
  }
  const ids = Array.from({ length: 50 }, (_, at) => `c${at}`);
  const many: Figures = { attach: [], detach: [] };
  for (let round = 0; round < 5; round++) {
    many.attach.push(await timed(() => Promise.all(ids.map((id) => networks.attach(request(id), signal)))));
    many.detach.push(await timed(() => Promise.all(ids.map((id) => networks.detach(id)))));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  row('attach of 50 at once, all', many.attach);
  row('detach of 50 at once, all', many.detach);
  console.log(`\nresident memory ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
} finally {
  await networks.tearDown();
  rmdirSync(execRoot);
}
