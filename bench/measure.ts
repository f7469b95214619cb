import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

/** Longest wait for the machine to become idle. */
const REST_TIMEOUT_MILLISECONDS = 20_000;
const LOOK_MILLISECONDS = 300;
/** Idle share of the processors' time. */
const IDLE_SHARE = 0.95;

/**
 * Runs the docker CLI with an engine. Returns milliseconds of wall time. Its output goes to /dev/null: reading 500 rows
 * through a pipe costs the reader more than the engine. Rejects when it fails.
 */
export async function docker(
  host: string,
  args: readonly string[],
  options: { readonly input?: Uint8Array } = {},
): Promise<number> {
  return await run(host, args, 'ignore', options.input);
}

/** The same with the output, which goes through a file. */
export async function dockerOutput(
  host: string,
  args: readonly string[],
): Promise<{ readonly milliseconds: number; readonly stdout: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-output-'));
  const path = join(folder, 'stdout');
  const file = openSync(path, 'w');
  try {
    const milliseconds = await run(host, args, file);
    return { milliseconds, stdout: readFileSync(path, 'utf8') };
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

async function run(
  host: string,
  args: readonly string[],
  stdout: 'ignore' | number,
  input?: Uint8Array,
): Promise<number> {
  const from = performance.now();
  const child = spawn('docker', args, {
    env: { ...process.env, DOCKER_HOST: host },
    stdio: [input === undefined ? 'ignore' : 'pipe', stdout, 'pipe'],
  });
  let problem = '';
  child.stderr?.on('data', (chunk: Buffer) => (problem += chunk));
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}: ${problem}`);
  return performance.now() - from;
}

/** Waits until the machine is idle: an engine's clean-up after one figure must not affect the next. */
export async function waitUntilIdle(): Promise<void> {
  const until = performance.now() + REST_TIMEOUT_MILLISECONDS;
  for (let before = idleTime(); performance.now() < until; ) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
    const now = idleTime();
    if (now.idle - before.idle >= IDLE_SHARE * (now.all - before.all)) return;
    before = now;
  }
}

/** Ticks of all processors since boot, by proc_stat(5). */
function idleTime(): { readonly idle: number; readonly all: number } {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  // user nice system idle iowait irq softirq steal. user includes guests.
  const ticks = first.trim().split(/\s+/).slice(1, 9).map(Number);
  return { idle: ticks[3] ?? 0, all: ticks.reduce((sum, each) => sum + each, 0) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** The median of `times` runs after one warm-up. `undo` is not measured. */
export async function medianOf(
  times: number,
  once: () => Promise<number>,
  undo?: () => Promise<unknown>,
): Promise<number> {
  const values: number[] = [];
  for (let run = 0; run <= times; run++) {
    values.push(await once());
    await undo?.();
  }
  return median(values.slice(1));
}

/** Runs `total` jobs, `width` at a time. Returns the milliseconds of all. */
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
