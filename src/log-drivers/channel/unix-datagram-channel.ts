import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../../base/errors.ts';
import { UnixDatagrams } from '../../linux/index.ts';
import type { LogChannel } from './log-channel.ts';

/** How long a full receiver is left alone, at first and at most. */
const PAUSE_MILLISECONDS = { first: 1, most: 20 } as const;

/**
 * A channel of datagrams to a unix socket, one for each message. It waits for a receiver whose queue is full. A message that is too
 * large for a datagram is sent as sealed memory, as journald takes it.
 */
export class UnixDatagramChannel implements LogChannel {
  readonly #path: string;
  #socket: UnixDatagrams | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async write(messages: readonly Buffer[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    try {
      this.#socket ??= new UnixDatagrams(this.#path);
      await this.#sendAll(this.#socket, messages, signal);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
    return Promise.resolve();
  }

  async #sendAll(socket: UnixDatagrams, messages: readonly Buffer[], signal: AbortSignal): Promise<void> {
    let pause: number = PAUSE_MILLISECONDS.first;
    for (let at = 0; at < messages.length; ) {
      const sent = sendSome(socket, messages.slice(at));
      at += sent;
      if (sent > 0) pause = PAUSE_MILLISECONDS.first;
      else {
        await sleep(pause, undefined, { signal });
        pause = Math.min(2 * pause, PAUSE_MILLISECONDS.most);
      }
    }
  }
}

/** Returns how many were sent. */
function sendSome(socket: UnixDatagrams, messages: readonly Buffer[]): number {
  try {
    return socket.send(messages);
  } catch (error) {
    const [first] = messages;
    if (errnoOf(error) !== 'EMSGSIZE' || first === undefined) throw error;
    return socket.sendAsMemory(first) ? 1 : 0;
  }
}
