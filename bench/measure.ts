import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** Runs the docker CLI against an engine; answers milliseconds of wall time. Rejects when it fails. */
export async function docker(
  host: string,
  args: readonly string[],
  options: { readonly input?: Uint8Array } = {},
): Promise<number> {
  return (await dockerOutput(host, args, options)).milliseconds;
}

export async function dockerOutput(
  host: string,
  args: readonly string[],
  options: { readonly input?: Uint8Array } = {},
): Promise<{ readonly milliseconds: number; readonly stdout: string }> {
  const from = performance.now();
  const child = spawn('docker', args, {
    env: { ...process.env, DOCKER_HOST: host },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  let problem = '';
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => (problem += chunk));
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}: ${problem}`);
  return { milliseconds: performance.now() - from, stdout: Buffer.concat(out).toString() };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** The median of `times` runs after one that warms up. */
export async function medianOf(times: number, once: () => Promise<number>): Promise<number> {
  await once();
  const values: number[] = [];
  for (let run = 0; run < times; run++) values.push(await once());
  return median(values);
}

/** Runs `total` jobs, `width` at a time; answers the milliseconds of all. */
export async function atOnce(total: number, width: number, job: (index: number) => Promise<unknown>): Promise<number> {
  const from = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < total) await job(next++);
    }),
  );
  return performance.now() - from;
}
