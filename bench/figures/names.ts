import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../figure.ts';
import { docker, dockerOutput } from '../measure.ts';

const NAME = `bench-${process.pid}-names`;
const SECONDS = 4;

/** Runs dnsperf in the network namespace of a container that asks for its own name. Returns what it prints. */
async function queried(host: string, options: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-names-'));
  try {
    await docker(host, ['network', 'create', NAME]);
    await docker(host, ['run', '-d', '--name', NAME, '--network', NAME, 'busybox', 'sleep', '1000']);
    const pid = (await dockerOutput(host, ['inspect', '-f', '{{.State.Pid}}', NAME])).stdout.trim();
    const queries = join(folder, 'queries');
    writeFileSync(queries, `${NAME} A\n`);
    const dnsperf = ['dnsperf', '-s', '127.0.0.11', '-d', queries, '-l', String(SECONDS), ...options];
    return await output('nsenter', ['-t', pid, '-n', ...dnsperf]);
  } finally {
    rmSync(folder, { recursive: true });
    await docker(host, ['rm', '-f', NAME]).catch(() => {});
    await docker(host, ['network', 'rm', NAME]).catch(() => {});
  }
}

async function output(file: string, args: readonly string[]): Promise<string> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk));
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}`);
  return text;
}

export const nameFigures: readonly Figure[] = [
  {
    name: 'DNS queries for a container',
    unit: 'per s',
    target: '2.5 of the best peer',
    async measure({ host }) {
      return Number(/Queries per second:\s+([\d.]+)/.exec(await queried(host, []))?.[1]);
    },
  },
  {
    // At full speed the time would be that of the three processes' turns on the processors.
    name: 'DNS query for a container, 1,000 per s, 99 %',
    unit: 'ms',
    target: '1',
    async measure({ host }) {
      const printed = await queried(host, ['-c', '1', '-q', '1', '-Q', '1000', '-v']);
      const seconds = [...printed.matchAll(/^> NOERROR \S+ A ([\d.]+)$/gm)].map(([, text]) => Number(text));
      seconds.sort((a, b) => a - b);
      return (seconds[Math.floor(seconds.length * 0.99)] ?? Number.NaN) * 1000;
    },
  },
];
