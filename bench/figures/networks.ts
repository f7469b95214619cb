import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { apiCall } from '../../test/support/engine.ts';
import type { Figure } from '../figure.ts';
import { atOnce, docker, dockerOutput, medianOf } from '../measure.ts';

const prefix = `bench-${process.pid}-net`;
const FIRST_PORT = 31_000;

/** Sends a request to the engine's API. Returns milliseconds. */
async function api(host: string, method: string, path: string, body?: object): Promise<number> {
  const from = performance.now();
  const { status, body: text } = await apiCall(host.slice('unix://'.length), method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  return performance.now() - from;
}

/** Removes containers, then networks, of these figures. */
async function clean(host: string): Promise<void> {
  const lines = async (args: readonly string[]): Promise<readonly string[]> =>
    (await dockerOutput(host, [...args, '--filter', `name=${prefix}`])).stdout.split('\n').filter(Boolean);
  const containers = await lines(['ps', '-aq']);
  if (containers.length > 0) await docker(host, ['rm', '-f', ...containers]);
  const networks = await lines(['network', 'ls', '-q']);
  if (networks.length > 0) await docker(host, ['network', 'rm', ...networks]);
}

const sleeper = (host: string, name: string, options: readonly string[]): Promise<number> =>
  docker(host, ['run', '-d', '--name', `${prefix}-${name}`, ...options, 'busybox', 'sleep', '1000']);

/** A figure whose containers and networks are removed after it. */
const figure = (name: string, unit: Figure['unit'], target: string, measure: Figure['measure']): Figure => ({
  ...{ name, unit, target },
  async measure(engine) {
    try {
      return await measure(engine);
    } finally {
      await clean(engine.host);
    }
  },
});

const createAndRemove: readonly Figure[] = [
  figure('network create and rm by API', 'ms', '1/5 of the best peer', ({ host }) =>
    medianOf(20, async () => {
      const made = await api(host, 'POST', '/networks/create', { Name: prefix });
      return made + (await api(host, 'DELETE', `/networks/${prefix}`));
    }),
  ),
  figure('network create and rm by CLI', 'ms', '0.35 of the best peer', ({ host }) =>
    medianOf(20, async () => {
      const made = await docker(host, ['network', 'create', prefix]);
      return made + (await docker(host, ['network', 'rm', prefix]));
    }),
  ),
  figure('network connect and disconnect by API', 'ms', '1/5 of the best peer', async ({ host }) => {
    await docker(host, ['network', 'create', prefix]);
    await sleeper(host, 'one', []);
    const body = { Container: `${prefix}-one` };
    return await medianOf(20, async () => {
      const connected = await api(host, 'POST', `/networks/${prefix}/connect`, body);
      return connected + (await api(host, 'POST', `/networks/${prefix}/disconnect`, body));
    });
  }),
  figure('network connect and disconnect by CLI', 'ms', 'twice the CLI and 15 ms', async ({ host }) => {
    await docker(host, ['network', 'create', prefix]);
    await sleeper(host, 'one', []);
    return await medianOf(20, async () => {
      const connected = await docker(host, ['network', 'connect', prefix, `${prefix}-one`]);
      return connected + (await docker(host, ['network', 'disconnect', prefix, `${prefix}-one`]));
    });
  }),
];

/** Before the figures after which an engine's processes free memory. */
export const networkMemoryFigures: readonly Figure[] = [
  figure('memory of all engine processes for 100 networks', 'MB', 'at most the best peer', async (engine) => {
    const before = engine.memory();
    for (let at = 0; at < 100; at++) {
      const IPAM = { Config: [{ Subnet: `10.${200 + (at >> 6)}.${(at & 63) * 4}.0/24` }] };
      await api(engine.host, 'POST', '/networks/create', { Name: `${prefix}-${at}`, IPAM });
    }
    return (engine.memory() - before) / 1e6;
  }),
];

const ports: readonly Figure[] = [
  figure('run -d with one published port', 'ms', '1/4 of the best peer', ({ host }) =>
    medianOf(
      10,
      () => sleeper(host, 'port', ['-p', `${FIRST_PORT}:80`]),
      () => clean(host),
    ),
  ),
  figure('run -d with 1,000 published ports', 's', '1/10 of the best peer', async ({ host }) => {
    const options = ['-p', `${FIRST_PORT}-${FIRST_PORT + 999}:30000-30999`];
    return (
      (await medianOf(
        2,
        () => sleeper(host, 'ports', options),
        () => clean(host),
      )) / 1000
    );
  }),
  ...[0, 999].map((at) =>
    figure(
      `connections through ${at === 0 ? 'the first' : 'the last'} of 1,000 published ports`,
      'per s',
      'at least the best peer',
      async ({ host }) => {
        const options = ['-p', `${FIRST_PORT}-${FIRST_PORT + 999}:30000-30999`];
        const serve = ['busybox', 'httpd', '-f', '-p', String(30_000 + at)];
        await docker(host, ['run', '-d', '--name', `${prefix}-server`, ...options, ...serve]);
        await until(() => connection(FIRST_PORT + at));
        const total = 2000;
        return (total * 1000) / (await atOnce(total, 8, () => connection(FIRST_PORT + at)));
      },
    ),
  ),
];

/** Opens a connection by the host's loopback, sends a request and waits for the connection's end. */
async function connection(port: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.end('GET / HTTP/1.0\r\n\r\n');
  socket.resume();
  await once(socket, 'end');
  socket.destroy();
}

async function until(attempt: () => Promise<void>): Promise<void> {
  for (let left = 50; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Megabytes that a client sends to a container's port. */
const SENT = 8000;
const SINK = `require('net').createServer((s) => s.resume().on('end', () => s.end('x'))).listen(80, () => console.log('ready'))`;
const SOURCE = `
  const [host, port, total] = process.argv.slice(1);
  const chunk = Buffer.alloc(1 << 20);
  const socket = require('net').connect(Number(port), host);
  let left = Number(total);
  const from = performance.now();
  const send = () => {
    while (left > 0) if (left--, !socket.write(chunk)) return;
    socket.end();
  };
  socket.on('connect', send).on('drain', send).on('data', () => console.log(total / (performance.now() - from) * 1000));`;

/** Node in the network of a container: busybox's own programs would be slower than the network. */
function nodeIn(pid: string, script: string, ...args: readonly string[]): ChildProcess {
  const command = [`--net=/proc/${pid}/ns/net`, process.execPath, '-e', script, ...args];
  return spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Returns megabytes per second from one container to another, until the other has read all. */
async function throughput(
  host: string,
  options: readonly string[],
  target: (server: Ends) => readonly [address: string, port: string],
): Promise<number> {
  await docker(host, ['network', 'create', prefix]);
  const inspect = async (name: string, format: string): Promise<string> =>
    (await dockerOutput(host, ['inspect', '-f', format, `${prefix}-${name}`])).stdout.trim();
  await sleeper(host, 'server', ['--network', prefix, ...options]);
  await sleeper(host, 'client', ['--network', prefix]);
  const of = (field: string): Promise<string> =>
    inspect('server', `{{range .NetworkSettings.Networks}}{{.${field}}}{{end}}`);
  const ends = { address: await of('IPAddress'), gateway: await of('Gateway') };
  const server = nodeIn(await inspect('server', '{{.State.Pid}}'), SINK);
  try {
    await once(server.stdout!, 'data');
    const client = nodeIn(await inspect('client', '{{.State.Pid}}'), SOURCE, ...target(ends), String(SENT));
    const [said] = (await once(client.stdout!, 'data')) as [Buffer];
    return Number(said);
  } finally {
    server.kill();
  }
}

interface Ends {
  readonly address: string;
  readonly gateway: string;
}

const traffic: readonly Figure[] = [
  figure('MB from container to container', 'per s', 'at least the best peer', ({ host }) =>
    throughput(host, [], ({ address }) => [address, '80']),
  ),
  figure('MB from container to container by a published port', 'per s', 'at least the best peer', ({ host }) =>
    throughput(host, ['-p', `${FIRST_PORT}:80`], ({ gateway }) => [gateway, String(FIRST_PORT)]),
  ),
  figure('ping from container to container, average', 'us', 'at most the best peer', async ({ host }) => {
    await docker(host, ['network', 'create', prefix]);
    await sleeper(host, 'far', ['--network', prefix]);
    const ping = ['ping', '-q', '-c', '500', '-i', '0.002', `${prefix}-far`];
    const run = ['run', '--rm', '--name', `${prefix}-near`, '--network', prefix, 'busybox', ...ping];
    const [, average] = /= [\d.]+\/([\d.]+)\//.exec((await dockerOutput(host, run)).stdout) ?? [];
    return Number(average) * 1000;
  }),
];

/** Networks and published ports, beside the peers. */
export const networkFigures: readonly Figure[] = [...createAndRemove, ...ports, ...traffic];
