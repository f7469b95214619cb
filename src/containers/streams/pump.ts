import type { Duplex, Transform } from 'node:stream';
import type { DetachScanner } from '../../io/index.ts';

export interface PumpOptions {
  /** The client's input is the task's stdin; otherwise it is read and dropped, to learn of its end. */
  readonly stdin: boolean;
  /** The client's half-close closes the task's stdin. */
  readonly closeStdin: boolean;
  /** Absent where detach keys do not apply. */
  readonly detach?: DetachScanner;
  /** What output passes through, where the client expects it in another form than the task gives it. */
  readonly reframe?: Transform;
  /** Runs when output has ended, before the client is told. */
  readonly beforeEnd?: () => Promise<void>;
}

/** `ended`: the last byte of output is with the client. `gone`: the client, or the daemon's interest in it, went away. */
export type PumpResult = 'ended' | 'gone' | 'detached';

/**
 * Carries bytes between a task's streams and a client until one of them ends, with back-pressure both ways. Both are
 * finished afterwards; the task itself never ends by it.
 */
export async function pump(
  task: Duplex,
  client: Duplex,
  options: PumpOptions,
  signal: AbortSignal,
): Promise<PumpResult> {
  const { promise, resolve } = Promise.withResolvers<PumpResult>();
  const gone = (): void => resolve('gone');
  if (signal.aborted) gone();
  signal.addEventListener('abort', gone, { once: true });
  client.on('error', gone);
  client.once('close', gone);
  const { reframe } = options;
  const ended = (): void => resolve('ended');
  // What is reframed is on its way when the task has ended.
  const taskEnded = reframe === undefined ? ended : (): void => void reframe.end();
  task.on('error', taskEnded);
  task.once('close', taskEnded);
  task.once('end', taskEnded);
  reframe?.once('end', ended).on('error', ended);
  // A task without output may have come to its end before anybody listened.
  if (task.readableEnded || task.destroyed) taskEnded();
  const output = reframe === undefined ? task : task.pipe(reframe, { end: false });
  output.pipe(client, { end: false });
  pumpInput(task, client, options, () => resolve('detached'));

  const result = await promise;
  signal.removeEventListener('abort', gone);
  if (result === 'ended') await options.beforeEnd?.();
  output.unpipe(client);
  task.destroy();
  reframe?.destroy();
  if (result === 'gone') client.destroy();
  else client.end();
  return result;
}

function pumpInput(task: Duplex, client: Duplex, options: PumpOptions, detached: () => void): void {
  if (!options.stdin) {
    client.resume();
    return;
  }
  client.on('data', (chunk: Buffer) => {
    const { pass, detached: isDetached } = options.detach?.scan(chunk) ?? { pass: chunk, detached: false };
    if (isDetached) {
      if (pass.length > 0) task.write(pass, detached);
      else detached();
      client.pause();
      return;
    }
    // A task that has ended takes no input; what was typed after it is lost as on any terminal.
    if (pass.length > 0 && task.writable && !task.write(pass)) client.pause();
  });
  task.on('drain', () => client.resume());
  const onEnd = (): void => {
    const held = options.detach?.flush();
    if (held !== undefined && held.length > 0 && task.writable) task.write(held);
    if (options.closeStdin) task.end();
  };
  // The client may have half-closed before anybody listened: while an exec was being started.
  if (client.readableEnded) onEnd();
  else client.once('end', onEnd);
}
