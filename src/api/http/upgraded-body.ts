import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { EngineError, invalid } from '../../base/errors.ts';
import { bodyTimedOut, IDLE_LIMIT_MS } from './read-json.ts';

const LINE_LIMIT_BYTES = 4096;
const TRAILERS_MAX = 64;

/**
 * Reads the body of a request with `Upgrade` from its connection. The parser stops after the head, so that the body
 * precedes the raw stream unparsed. Every byte after it is put back. An absent body is empty.
 * @throws EngineError tooLarge, invalid, also when the client pauses for longer than {@link IDLE_LIMIT_MS}
 */
export async function readUpgradedBody(
  request: IncomingMessage,
  connection: Duplex,
  limitBytes: number,
): Promise<Buffer> {
  const reader = new ByteReader(connection);
  try {
    if (/\bchunked\b/i.test(request.headers['transfer-encoding'] ?? '')) return await readChunks(reader, limitBytes);
    const length = Number(request.headers['content-length'] ?? 0);
    if (!Number.isSafeInteger(length) || length < 0) throw invalid('invalid Content-Length');
    if (length > limitBytes) throw new EngineError('tooLarge', 'request body too large');
    return await reader.take(length);
  } finally {
    reader.unread();
  }
}

async function readChunks(reader: ByteReader, limitBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let total = 0;
  for (;;) {
    const size = Number.parseInt(await reader.line(), 16);
    if (Number.isNaN(size) || size < 0) throw invalid('invalid chunked encoding');
    total += size;
    if (total > limitBytes) throw new EngineError('tooLarge', 'request body too large');
    if (size === 0) break;
    parts.push(await reader.take(size));
    await reader.line();
  }
  for (let trailers = 0; (await reader.line()) !== ''; trailers++) {
    if (trailers === TRAILERS_MAX) throw invalid('invalid chunked encoding');
  }
  return Buffer.concat(parts);
}

/** Reads exact amounts from a stream and puts the rest back. */
class ByteReader {
  readonly #source: Duplex;
  #buffered: Buffer = Buffer.alloc(0);

  constructor(source: Duplex) {
    this.#source = source;
  }

  async take(count: number): Promise<Buffer> {
    while (this.#buffered.length < count) await this.#more();
    const taken = this.#buffered.subarray(0, count);
    this.#buffered = this.#buffered.subarray(count);
    return taken;
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.#buffered.indexOf('\n');
      if (end !== -1) return (await this.take(end + 1)).toString('latin1').trimEnd();
      if (this.#buffered.length > LINE_LIMIT_BYTES) throw invalid('invalid chunked encoding');
      await this.#more();
    }
  }

  unread(): void {
    if (this.#buffered.length > 0) this.#source.unshift(this.#buffered);
    this.#buffered = Buffer.alloc(0);
  }

  async #more(): Promise<void> {
    for (;;) {
      const chunk: Buffer | null = this.#source.read();
      if (chunk !== null) {
        this.#buffered = Buffer.concat([this.#buffered, chunk]);
        return;
      }
      if (this.#source.readableEnded || this.#source.destroyed) throw invalid('invalid JSON: unexpected EOF');
      await this.#changed();
    }
  }

  /** Resolves when the stream has bytes or has ended. @throws EngineError invalid after {@link IDLE_LIMIT_MS} */
  async #changed(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const idle = setTimeout(() => reject(bodyTimedOut()), IDLE_LIMIT_MS);
    const events = ['readable', 'end', 'close', 'error'];
    for (const event of events) this.#source.once(event, resolve);
    try {
      await promise;
    } finally {
      clearTimeout(idle);
      for (const event of events) this.#source.off(event, resolve);
    }
  }
}
