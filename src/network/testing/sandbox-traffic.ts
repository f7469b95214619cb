import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

/** Traffic for tests: servers and clients inside sandboxes, and clients in the namespace of the test itself. */

const PEER = fileURLToPath(new URL('./peer-process.mjs', import.meta.url));

/** Starts a server in the sandbox that listens on the ports (`tcp:80`). Disposing ends it. */
export async function serveIn(netnsPath: string, name: string, ports: readonly string[]): Promise<AsyncDisposable> {
  const child = spawn('nsenter', [`--net=${netnsPath}`, process.execPath, PEER, name, ...ports], {
    // Its input ends with this process, and it with its input: one that is left would hold up the whole test run.
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the server in the sandbox ended'))),
  ]);
  return { [Symbol.asyncDispose]: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/**
 * Sends `hello`, half-closes, and returns the response. Returns the errno name when there is no connection, `timeout`
 * after 2 s.
 */
export async function askTcp(host: string, port: number): Promise<string> {
  const socket = connect({ host, port, allowHalfOpen: true });
  socket.setTimeout(2000, () => socket.destroy(new Error('timeout')));
  try {
    await once(socket, 'connect');
    socket.end('hello');
    let answer = '';
    for await (const bytes of socket) answer += String(bytes);
    return answer;
  } catch (error) {
    return errorName(error);
  } finally {
    socket.destroy();
  }
}

/** As {@link askTcp}. A lost datagram is `timeout` after 1 s. */
export async function askUdp(host: string, port: number): Promise<string> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.connect(port, host);
    await once(socket, 'connect');
    socket.send('hello');
    const [bytes] = await once(socket, 'message', { signal: AbortSignal.timeout(1000) });
    return String(bytes);
  } catch (error) {
    return errorName(error);
  } finally {
    socket.close();
  }
}

/** {@link askTcp} from within a sandbox. */
export async function askFrom(netnsPath: string, host: string, port: number): Promise<string> {
  const child = spawn(
    'nsenter',
    [`--net=${netnsPath}`, process.execPath, '--input-type=module', '-e', CLIENT, host, String(port)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let answer = '';
  for await (const bytes of child.stdout) answer += String(bytes);
  return answer;
}

/** {@link askUdp} from within a sandbox. */
export async function askUdpFrom(netnsPath: string, host: string, port: number): Promise<string> {
  const args = [`--net=${netnsPath}`, process.execPath, '--input-type=module', '-e', UDP_CLIENT, host, String(port)];
  let answer = '';
  for await (const bytes of spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout) {
    answer += String(bytes);
  }
  return answer;
}

const UDP_CLIENT = `
import { createSocket } from 'node:dgram';
const [host, port] = process.argv.slice(1);
const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
const end = (text) => process.stdout.write(text, () => process.exit());
socket.on('message', (bytes) => end(String(bytes))).on('error', (error) => end(error.code));
socket.send('hello', Number(port), host);
setTimeout(() => end('timeout'), 2000);
`;

const CLIENT = `
import { connect } from 'node:net';
const [host, port] = process.argv.slice(1);
const socket = connect({ host, port: Number(port), allowHalfOpen: true }, () => socket.end('hello'));
socket.setTimeout(2000, () => socket.destroy(Object.assign(new Error(), { code: 'timeout' })));
socket.on('error', (error) => process.stdout.write(error.code));
socket.pipe(process.stdout);
`;

function errorName(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return 'timeout';
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}
