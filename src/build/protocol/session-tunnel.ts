import { Duplex } from 'node:stream';
import type { Init } from '../../grpc/index.ts';
import type { BytesMessage, bytesMessage } from '../../grpc/messages/control.ts';

/** Bytes in one message: clients take at most 4 MiB. */
const CHUNK_BYTES = 1 << 20;

/** A connection inside a call whose messages carry its bytes (`Control.Session`). */
export class SessionTunnel extends Duplex {
  readonly #outgoing: { readonly bytes: Buffer; readonly sent: () => void }[] = [];
  #changed = Promise.withResolvers<void>();
  #room = Promise.withResolvers<void>();
  #isEnded = false;

  constructor() {
    super({ allowHalfOpen: false });
    this.once('close', () => this.#end());
  }

  /** Feeds what the client sends. Resolves at its end. */
  async receive(requests: AsyncIterable<BytesMessage>): Promise<void> {
    try {
      for await (const { data } of requests) {
        if (this.destroyed) return;
        if (data.length > 0 && !this.push(data)) await this.#room.promise;
      }
      this.push(null);
    } catch {
      this.destroy();
    }
  }

  /** What goes to the client. Ends with the connection. */
  async *sent(): AsyncGenerator<Init<typeof bytesMessage>, void, undefined> {
    for (;;) {
      const next = this.#outgoing.shift();
      if (next !== undefined) {
        for (let at = 0; at < next.bytes.length; at += CHUNK_BYTES) {
          yield { data: next.bytes.subarray(at, at + CHUNK_BYTES) };
        }
        next.sent();
      } else if (this.#isEnded) return;
      else await this.#changed.promise;
    }
  }

  override _read(): void {
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, sent: () => void): void {
    this.#outgoing.push({ bytes, sent });
    this.#wake();
  }

  override _final(done: () => void): void {
    this.#end();
    done();
  }

  #end(): void {
    this.#isEnded = true;
    this.#room.resolve();
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
