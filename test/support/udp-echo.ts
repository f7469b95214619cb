import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/**
 * Starts a server in the network namespace of a process that sends every datagram back behind `echo `. It ends with
 * this process at the latest.
 */
export function echoWithin(pid: string | number, port: number): Disposable & { readonly ready: Promise<unknown> } {
  const script = `const s = require('node:dgram').createSocket('udp4');
    s.on('message', (text, from) => s.send('echo ' + text, from.port, from.address));
    s.bind(${port}, () => console.log('bound'));
    process.stdin.on('end', () => process.exit()).resume();`;
  const child = spawn('nsenter', ['-t', String(pid), '-n', process.execPath, '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => {});
  const ready = once(child.stdout, 'data').then(() => child.unref());
  return { ready, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

/** Sends a datagram from a new socket, and returns the answer. @throws Error when none comes */
export async function askUdp(host: string, port: number, patienceMs = 5000): Promise<string> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error('no answer')), patienceMs);
  socket.on('message', (text) => resolve(String(text))).on('error', reject);
  socket.connect(port, host, () => socket.send('ping'));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}
