import type { Http2Stream } from 'node:http2';
import { setImmediate } from 'node:timers/promises';
import { decode } from './protobuf/decode.ts';
import type { Descriptor } from './protobuf/descriptor.ts';
import { encode } from './protobuf/encode.ts';
import { ProtobufError } from './protobuf/protobuf-error.ts';
import { readChunks } from './read-chunks.ts';
import { code, GrpcError } from './status.ts';

/** One byte that tells whether the message is compressed, and four of its length (gRPC over HTTP/2, "Messages"). */
const HEAD_BYTES = 5;

/** A message as it is sent. @throws GrpcError resourceExhausted beyond the limit */
export function frame<I>(descriptor: Descriptor<unknown, I>, message: I, limitBytes: number): Buffer {
  const bytes = encode(descriptor, message, HEAD_BYTES);
  const length = bytes.length - HEAD_BYTES;
  if (length > limitBytes) throw tooLarge(length, limitBytes);
  bytes[0] = 0;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

/**
 * Reads the messages of a stream to its end. It reads only while its consumer asks for messages, so that the sender's
 * window closes when the consumer is slow. A consumer that stops early leaves the stream open.
 * @throws GrpcError for what is no message, for one beyond the limit, and unavailable for a stream that breaks off
 */
export async function* readMessages<Decoded>(
  stream: Http2Stream,
  descriptor: Descriptor<Decoded, unknown>,
  limitBytes: number,
): AsyncGenerator<Decoded, void, undefined> {
  for await (const batch of readEncoded(stream, limitBytes)) {
    for (const bytes of batch) yield decodeMessage(descriptor, bytes);
  }
}

/** Reads as {@link readMessages}, without decoding: the messages that end in a piece of the stream come together. */
export async function* readEncoded(
  stream: Http2Stream,
  limitBytes: number,
): AsyncGenerator<readonly Buffer[], void, undefined> {
  const unframed = new Unframer(limitBytes);
  for await (const chunk of readChunks(stream)) {
    unframed.push(chunk);
    const batch: Buffer[] = [];
    for (let bytes = unframed.next(); bytes !== undefined; bytes = unframed.next()) batch.push(bytes);
    if (batch.length > 0) yield batch;
  }
  if (unframed.incomplete) throw new GrpcError(code.internal, 'stream ended within a message');
}

/** Finds messages in chunks. Only a message that several chunks share is copied. */
class Unframer {
  readonly #limitBytes: number;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  /** Length of the message whose head was read. */
  #length: number | undefined;
  /** The beginning of that message, as it came. */
  #parts: Buffer[] = [];
  #partsBytes = 0;
  /** What is left of the newest chunk. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get incomplete(): boolean {
    return this.#headBytes > 0 || this.#length !== undefined;
  }

  push(chunk: Buffer): void {
    this.#rest = chunk;
  }

  /** The next message's bytes. Undefined when it needs another chunk. */
  next(): Buffer | undefined {
    this.#length ??= this.#readHead();
    if (this.#length === undefined) return undefined;
    const missing = this.#length - this.#partsBytes;
    const taken = this.#take(missing);
    if (taken.length < missing) {
      this.#parts.push(taken);
      this.#partsBytes += taken.length;
      return undefined;
    }
    const bytes = this.#parts.length === 0 ? taken : Buffer.concat([...this.#parts, taken]);
    this.#length = undefined;
    this.#parts = [];
    this.#partsBytes = 0;
    return bytes;
  }

  /** The length in the head. Undefined while the head is incomplete. */
  #readHead(): number | undefined {
    const part = this.#take(HEAD_BYTES - this.#headBytes);
    this.#head.set(part, this.#headBytes);
    this.#headBytes += part.length;
    if (this.#headBytes < HEAD_BYTES) return undefined;
    this.#headBytes = 0;
    if (this.#head[0] !== 0) throw new GrpcError(code.unimplemented, 'compressed messages are not supported');
    const length = this.#head.readUInt32BE(1);
    if (length > this.#limitBytes) throw tooLarge(length, this.#limitBytes);
    return length;
  }

  #take(count: number): Buffer {
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }
}

function decodeMessage<Decoded>(descriptor: Descriptor<Decoded, unknown>, bytes: Buffer): Decoded {
  try {
    return decode(descriptor, bytes);
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    throw new GrpcError(code.internal, `message cannot be decoded: ${error.message}`, { cause: error });
  }
}

function tooLarge(length: number, limitBytes: number): GrpcError {
  return new GrpcError(code.resourceExhausted, `message of ${length} bytes is larger than ${limitBytes}`);
}

/** How often a writer waits for its stream before it lets the connection be read. */
const WAITS_PER_TURN = 8;

/** Writes frames to a stream. */
export class FrameWriter {
  readonly #stream: Http2Stream;
  #waits = 0;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
    stream.setMaxListeners(0); // several callers may wait
  }

  /** Waits while the receiver's window is closed. Returns false when the stream is closed. */
  async write(bytes: Buffer): Promise<boolean> {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed || stream.writableEnded) return false;
    if (stream.write(bytes)) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.once('drain', resolve).once('close', resolve);
    await promise;
    stream.off('drain', resolve).off('close', resolve);
    this.#waits += 1;
    if (this.#waits % WAITS_PER_TURN === 0) await letConnectionRead();
    return !stream.destroyed;
  }
}

/**
 * node:http2 does not read a connection while it writes to it. Without a pause a stream of many messages would notice
 * that it was cancelled only when the receiver's window is used up. The first turn is that in which the write ended.
 */
async function letConnectionRead(): Promise<void> {
  await setImmediate();
  await setImmediate();
}
