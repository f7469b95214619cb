import type { Duplex, Transform } from 'node:stream';
import type { DetachScanner } from '../../io/index.ts';

export interface PumpOptions {
  /** Whether the client's input is the task's stdin. Otherwise the input is read and dropped, to notice its end. */
  readonly stdin: boolean;
  /** Whether the client's half-close closes the task's stdin. */
  readonly closeStdin: boolean;
  /** Absent where detach keys do not apply. */
  readonly detach?: DetachScanner;
  /** Transforms the output, where the client expects another form than the task's. */
  readonly reframe?: Transform;
  /** Runs when the output has ended, before the client's connection is closed. */
  readonly beforeEnd?: () => Promise<void>;
}

/**
 * `ended`: the client has the last byte of output. `gone`: the client has closed the connection, or the signal was
 * aborted.
 */
export type PumpResult = 'ended' | 'gone' | 'detached';

/**
 * Copies bytes between a task's streams and a client until one of them ends, with back-pressure both ways. Both streams
 * are finished afterwards. The task itself never ends by it.
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
  // The task has ended, and reframed output is still on its way.
  const taskEnded = reframe === undefined ? ended : (): void => void reframe.end();
  task.on('error', taskEnded);
  task.once('close', taskEnded);
  task.once('end', taskEnded);
  reframe?.once('end', ended).on('error', ended);
  // A task without output may have ended before anybody listened.
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
    // An ended task takes no input. Input typed after its end is lost, as on any terminal.
    if (pass.length > 0 && task.writable && !task.write(pass)) client.pause();
  });
  task.on('drain', () => client.resume());
  const onEnd = (): void => {
    const held = options.detach?.flush();
    if (held !== undefined && held.length > 0 && task.writable) task.write(held);
    if (options.closeStdin) task.end();
  };
  // The client may have half-closed before anybody listened, while an exec was being started.
  if (client.readableEnded) onEnd();
  else client.once('end', onEnd);
}
