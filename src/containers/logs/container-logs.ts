import type { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import { findLogDriver, logDriverOf } from '../../log-drivers/index.ts';
import type { LogConfig } from '../../spec/index.ts';
import type { LogSource } from '../model/log-source.ts';
import { containerPaths } from '../model/paths.ts';
import type { LogOptions } from '../model/requests.ts';
import { hasProcess } from '../model/state.ts';
import type { World } from '../world.ts';

/**
 * Also of a removed container whose log is kept.
 * @throws EngineError notFound; invalid when no stream is chosen; notImplemented for a log driver that cannot be read
 */
export async function containerLogs(
  world: Pick<World, 'table' | 'dataRoot' | 'readLog' | 'removedLogs'>,
  ref: string,
  options: LogOptions,
  signal: AbortSignal,
): Promise<{ readonly tty: boolean; readonly stream: Readable }> {
  if (!options.stdout && !options.stderr) {
    throw new EngineError('invalid', 'Bad parameters: you must choose at least one stream');
  }
  const removed = world.table.find(ref) === undefined ? world.removedLogs.find(ref) : undefined;
  if (removed !== undefined) {
    const source: LogSource = { path: removed.path, tty: removed.tty, ended: undefined };
    return { tty: removed.tty, stream: world.readLog(source, options, signal) };
  }
  const entry = world.table.resolve(ref);
  const { config, hostConfig } = entry.record;
  if (!isReadable(hostConfig.LogConfig)) {
    throw new EngineError('notImplemented', 'configured logging driver does not support reading');
  }
  const tty = config.Tty === true;
  const follows = options.follow && (hasProcess(entry.record) || entry.record.state.restarting || entry.isStarting);
  const source: LogSource = {
    path: containerPaths(world.dataRoot, entry.id).log,
    tty,
    ended: follows ? entry.waiters.add('next-exit', signal) : undefined,
  };
  return { tty, stream: world.readLog(source, options, signal) };
}

/** With `cache-disabled` the engine keeps the output only until it is sent. */
function isReadable(config: LogConfig | undefined): boolean {
  const driver = findLogDriver(logDriverOf(config));
  if (driver?.keepsOutput !== true) return false;
  return driver.openSender === undefined || !/^(?:1|t|true)$/i.test(config?.Config?.['cache-disabled'] ?? '');
}
