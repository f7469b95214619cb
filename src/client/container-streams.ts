/** Streams of a running container: its terminal, its logs, its statistics, its exit. */
import { EngineError } from '../base/errors.ts';
import { containerPath } from './containers.ts';
import type { Engine, Hijacked } from './engine-client.ts';
import { jsonLines } from './json.ts';

export interface AttachOptions {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** '' for the engine's default. */
  readonly detachKeys?: string;
}

/** Connects to the streams of the container's process: raw with a terminal, else multiplexed. */
export function attachContainer(engine: Engine, name: string, options: AttachOptions): Promise<Hijacked> {
  const { stdin, stdout, stderr, detachKeys } = options;
  return engine.hijack({
    method: 'POST',
    path: containerPath(name, 'attach'),
    query: {
      stream: true,
      stdin: stdin || undefined,
      stdout: stdout || undefined,
      stderr: stderr || undefined,
      detachKeys: detachKeys || undefined,
    },
  });
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export async function resizeContainer(engine: Engine, name: string, { rows, columns }: TerminalSize): Promise<void> {
  await engine.send({ method: 'POST', path: containerPath(name, 'resize'), query: { h: rows, w: columns } });
}

export interface LogOptions {
  /** `SECONDS.NANOSECONDS` since the epoch. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly timestamps?: boolean;
  readonly follow?: boolean;
  readonly details?: boolean;
  /** `all` or a number of lines. */
  readonly tail?: string;
}

/** Returns the container's output of both streams: raw with a terminal, else multiplexed. */
export async function containerLogs(
  engine: Engine,
  name: string,
  options: LogOptions = {},
  signal?: AbortSignal,
): Promise<AsyncIterable<Buffer>> {
  return (await openContainerLogs(engine, name, options, signal)).output;
}

/** As {@link containerLogs}; tells the form too, which nothing else does for a container that was removed. */
export async function openContainerLogs(
  engine: Engine,
  name: string,
  options: LogOptions = {},
  signal?: AbortSignal,
): Promise<{ readonly output: AsyncIterable<Buffer>; readonly isRaw: boolean }> {
  const { since, until, timestamps, follow, details, tail } = options;
  const query = {
    stdout: true,
    stderr: true,
    since,
    until,
    timestamps: timestamps || undefined,
    follow: follow || undefined,
    details: details || undefined,
    tail,
  };
  const { body, headers } = await engine.request({ method: 'GET', path: containerPath(name, 'logs'), query, signal });
  return { output: body, isRaw: headers['content-type'] === 'application/vnd.docker.raw-stream' };
}

/** The used fields of a container's statistics. */
export interface StatsSample {
  readonly id?: string;
  readonly name?: string;
  readonly pids_stats?: { readonly current?: number };
  readonly cpu_stats?: CpuStats;
  readonly precpu_stats?: CpuStats;
  readonly memory_stats?: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>> | null;
  readonly blkio_stats?: {
    readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[] | null;
  };
}

export interface CpuStats {
  readonly cpu_usage?: { readonly total_usage?: number; readonly percpu_usage?: readonly number[] | null };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

/** Returns one sample, after the second that its rates need. */
export function containerStats(engine: Engine, name: string): Promise<StatsSample> {
  return engine.json({ method: 'GET', path: containerPath(name, 'stats'), query: { stream: false } });
}

/** Yields a sample each second until the container is removed. */
export async function watchContainerStats(
  engine: Engine,
  name: string,
  signal?: AbortSignal,
): Promise<AsyncIterable<StatsSample>> {
  const request = { method: 'GET', path: containerPath(name, 'stats'), query: { stream: true }, signal } as const;
  return jsonLines<StatsSample>((await engine.request(request)).body);
}

/** Returns the root file system as a tar. */
export async function exportContainer(
  engine: Engine,
  name: string,
  signal?: AbortSignal,
): Promise<AsyncIterable<Buffer>> {
  return (await engine.request({ method: 'GET', path: containerPath(name, 'export'), signal })).body;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

interface WaitResult {
  readonly StatusCode: number;
  readonly Error?: { readonly Message?: string } | null;
}

/**
 * Waits for the container's exit. Resolves once the engine has registered the wait, so that no later exit is missed.
 * The inner promise resolves with the exit code.
 */
export async function waitContainer(
  engine: Engine,
  name: string,
  condition: WaitCondition,
  signal?: AbortSignal,
): Promise<{ readonly exitCode: Promise<number> }> {
  const request = { method: 'POST', path: containerPath(name, 'wait'), query: { condition }, signal } as const;
  const exitCode = readCode((await engine.request(request)).body);
  // The caller may not wait yet: an early failure must not count as unhandled.
  exitCode.catch(() => {});
  return { exitCode };
}

async function readCode(body: AsyncIterable<Buffer>): Promise<number> {
  for await (const result of jsonLines<WaitResult>(body)) {
    const fault = result.Error?.Message ?? '';
    if (fault !== '') throw new EngineError('internal', `Error waiting for container: ${fault}`);
    return result.StatusCode;
  }
  throw new EngineError('unavailable', 'lost the connection to the engine while waiting for the container');
}
