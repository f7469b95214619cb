import type { Duplex } from 'node:stream';
import { conflict, EngineError } from '../../base/errors.ts';
import { DetachScanner } from '../../io/index.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import { containerLogs } from '../logs/container-logs.ts';
import type { Attachment, AttachOptions } from '../model/requests.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { detachKeysOf } from './detach-keys.ts';
import { pump } from './pump.ts';

export type AttachDeps = Pick<
  World,
  'table' | 'runtime' | 'events' | 'logger' | 'dataRoot' | 'readLog' | 'removedLogs'
>;

/**
 * Connects to the container's streams now, whether it runs or not, so that an attach before a start misses no byte. A
 * client that chooses no stream gets an empty one.
 * @throws EngineError notFound, invalid, conflict while the container is paused or restarting
 */
export async function attachContainer(
  world: AttachDeps,
  ref: string,
  options: AttachOptions,
  signal: AbortSignal,
): Promise<Attachment> {
  const keys = detachKeysOf(options.detachKeys);
  const entry = world.table.resolve(ref);
  const { state, config } = entry.record;
  if (state.paused) throw conflict(`container ${ref} is paused, unpause the container before attach`);
  if (state.restarting) throw conflict(`container ${ref} is restarting, wait until the container is running`);
  const tty = config.Tty === true;
  const stdin = options.stdin && config.OpenStdin === true;
  const streams = { stdin, stdout: options.stdout, stderr: options.stderr };
  const isChosen = options.stdin || options.stdout || options.stderr;
  const task = options.stream && isChosen ? await openTask(world, entry, streams, signal) : undefined;
  emitContainerEvent(world.events, entry.record, 'attach');

  return {
    tty,
    connect: async (connection, connectionSignal) => {
      if (options.logs && isChosen) await replayLog(world, entry, options, connection, connectionSignal);
      if (task === undefined) {
        connection.end();
        return;
      }
      const detach = stdin && tty ? new DetachScanner(keys) : undefined;
      const result = await pump(
        task,
        connection,
        { stdin, closeStdin: config.StdinOnce === true && !tty, ...(detach === undefined ? {} : { detach }) },
        connectionSignal,
      );
      if (result === 'detached') emitContainerEvent(world.events, entry.record, 'detach');
    },
  };
}

/**
 * Opens the streams, and counts the attachment while it is open. The end of the request closes it when no client takes
 * it over.
 */
async function openTask(
  world: Pick<World, 'runtime'>,
  entry: Entry,
  streams: { stdin: boolean; stdout: boolean; stderr: boolean },
  signal: AbortSignal,
): Promise<Duplex> {
  const task = await world.runtime.attach({ containerId: entry.id }, streams, signal);
  const abandon = (): void => void task.destroy();
  entry.addAttachment();
  task.once('close', () => {
    entry.dropAttachment();
    signal.removeEventListener('abort', abandon);
  });
  signal.addEventListener('abort', abandon, { once: true });
  // Until the stream is pumped, a failure shows as its end.
  task.on('error', () => undefined);
  return task;
}

async function replayLog(
  world: AttachDeps,
  entry: Entry,
  options: AttachOptions,
  connection: Duplex,
  signal: AbortSignal,
): Promise<void> {
  const { stdout, stderr } = options;
  const all = { follow: false, timestamps: false, details: false, tail: -1, since: undefined, until: undefined };
  try {
    const { stream } = await containerLogs(world, entry.id, { stdout, stderr, ...all }, signal);
    for await (const chunk of stream) {
      if (!connection.write(chunk)) await drained(connection);
      if (connection.destroyed) return;
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    world.logger.warn({ containerId: entry.id, error: error.message }, 'cannot replay the log to an attachment');
  }
}

function drained(connection: Duplex): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  connection.once('drain', resolve);
  connection.once('close', resolve);
  return promise;
}
