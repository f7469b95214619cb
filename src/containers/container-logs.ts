import type { Readable } from 'node:stream';
import { EngineError } from '../base/errors.ts';
import type { LogOptions } from './containers.ts';
import { containerPaths } from './paths.ts';
import { hasProcess } from './state.ts';
import type { World } from './world.ts';

/** A container's log as the supervisor keeps it. */
export interface LogSource {
  readonly path: string;
  readonly tty: boolean;
  /** Resolves when nothing more will be written; undefined when that is so already. */
  readonly ended: Promise<unknown> | undefined;
}

/** Reads a log with its rotated files: raw with a terminal, else in Docker's frames. */
export type ReadLog = (source: LogSource, options: LogOptions, signal: AbortSignal) => Readable;

/** @throws EngineError notFound; invalid without a stream to show; notImplemented for a driver whose logs cannot be read */
export async function containerLogs(
  world: Pick<World, 'table' | 'dataRoot' | 'readLog'>,
  ref: string,
  options: LogOptions,
  signal: AbortSignal,
): Promise<{ readonly tty: boolean; readonly stream: Readable }> {
  if (!options.stdout && !options.stderr) {
    throw new EngineError('invalid', 'Bad parameters: you must choose at least one stream');
  }
  const entry = world.table.resolve(ref);
  const { config, hostConfig } = entry.record;
  if (hostConfig.LogConfig?.Type === 'none') {
    throw new EngineError('notImplemented', 'configured logging driver does not support reading');
  }
  const tty = config.Tty === true;
  const follows = options.follow && (hasProcess(entry.record) || entry.record.state.restarting || entry.starting);
  const source: LogSource = {
    path: containerPaths(world.dataRoot, entry.id).log,
    tty,
    ended: follows ? entry.waiters.add('next-exit', signal) : undefined,
  };
  return { tty, stream: world.readLog(source, options, signal) };
}
