import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

/** How long a machine may take to come to rest. */
const PATIENCE_MILLISECONDS = 20_000;
const LOOK_MILLISECONDS = 300;
/** Share of the processors' time. */
const AT_REST = 0.95;

/**
 * Runs the docker CLI against an engine; answers milliseconds of wall time. What it prints goes to /dev/null: read through a
 * pipe, 500 rows cost the reader more than the engine. Rejects when it fails.
 */
export async function docker(
  host: string,
  args: readonly string[],
  options: { readonly input?: Uint8Array } = {},
): Promise<number> {
  return await run(host, args, 'ignore', options.input);
}

/** With what it printed, which went through a file. */
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

/** Waits until nothing works on the machine any more: what an engine tidies up after one figure does not burden the next. */
export async function atRest(): Promise<void> {
  const until = performance.now() + PATIENCE_MILLISECONDS;
  for (let before = idleTime(); performance.now() < until; ) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
    const now = idleTime();
    if (now.idle - before.idle >= AT_REST * (now.all - before.all)) return;
    before = now;
  }
}

/** Ticks of all processors since the start, by proc_stat(5). */
function idleTime(): { readonly idle: number; readonly all: number } {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  // user nice system idle iowait irq softirq steal; what guests take is in user already.
  const ticks = first.trim().split(/\s+/).slice(1, 9).map(Number);
  return { idle: ticks[3] ?? 0, all: ticks.reduce((sum, each) => sum + each, 0) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** The median of `times` runs after one that warms up; `undo` is not measured. */
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
