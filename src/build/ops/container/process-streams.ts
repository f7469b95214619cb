import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { Demultiplexer } from '../../../io/index.ts';
import type { ContainerProcess, StartedProcess } from '../../build-container.ts';

export interface ConnectedProcess extends Pick<StartedProcess, 'write' | 'endInput'> {
  /** Resolves after the last output. Never rejects. */
  readonly drained: Promise<void>;
}

/** Passes output on from a task's streams, as fast as it is taken, and input to them. */
export function connectProcess(
  streams: Duplex,
  { output, hasTerminal }: Pick<ContainerProcess, 'output' | 'hasTerminal'>,
): ConnectedProcess {
  streams.on('error', () => undefined); // `close` follows
  const closed = once(streams, 'close').then(
    () => undefined,
    () => undefined,
  );
  return {
    drained: drain(streams, output, hasTerminal),
    async write(bytes) {
      if (streams.writable && !streams.write(bytes))
        await Promise.race([once(streams, 'drain').catch(() => {}), closed]);
    },
    endInput: () => void streams.end(),
  };
}

async function drain(streams: Duplex, output: ContainerProcess['output'], hasTerminal: boolean): Promise<void> {
  const waiting: (readonly [1 | 2, Uint8Array])[] = [];
  const frames = new Demultiplexer(
    (bytes) => void waiting.push([1, bytes]),
    (bytes) => void waiting.push([2, bytes]),
  );
  try {
    for await (const chunk of streams) {
      if (hasTerminal) waiting.push([1, chunk as Buffer]);
      else frames.push(chunk as Buffer);
      for (const [stream, bytes] of waiting.splice(0)) await output(stream, bytes);
    }
  } catch {
    // The supervisor has died: its successor tells the exit.
  }
}
