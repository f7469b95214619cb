import { EngineError } from '../base/errors.ts';

const HEADER = 8;
const STDERR = 2;
const SYSTEM_ERROR = 3;

type FrameSink = (data: Uint8Array, leftBytes: number) => void;

/**
 * Splits the multiplexed stream of a container without a terminal: frames of an 8-byte header (stream, three zeros,
 * length in network order) and data. Data is passed on as it arrives, with the bytes that its frame still lacks: 0 at the end of a
 * frame. Source: Engine API, "Stream format" of container attach.
 */
export class Demultiplexer {
  readonly #stdout: FrameSink;
  readonly #stderr: FrameSink;
  readonly #header = Buffer.alloc(HEADER);
  #headerSeen = 0;
  #left = 0;
  #fault = '';

  constructor(stdout: FrameSink, stderr: FrameSink) {
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** @throws EngineError when the engine reports an error in the stream, or the stream is malformed */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        const taken = Math.min(HEADER - this.#headerSeen, chunk.length - at);
        chunk.copy(this.#header, this.#headerSeen, at, at + taken);
        this.#headerSeen += taken;
        at += taken;
        if (this.#headerSeen < HEADER) return;
        this.#headerSeen = 0;
        this.#left = this.#header.readUInt32BE(4);
        if ((this.#header[0] ?? 0) > SYSTEM_ERROR)
          throw new EngineError('internal', `Unrecognized input header: ${this.#header[0]}`);
        continue;
      }
      const data = chunk.subarray(at, at + this.#left);
      at += data.length;
      this.#left -= data.length;
      this.#deliver(data);
    }
  }

  #deliver(data: Uint8Array): void {
    const stream = this.#header[0];
    if (stream === SYSTEM_ERROR) {
      this.#fault += Buffer.from(data).toString('utf8');
      if (this.#left === 0) throw new EngineError('internal', `error from daemon in stream: ${this.#fault}`);
    } else if (stream === STDERR) this.#stderr(data, this.#left);
    else this.#stdout(data, this.#left);
  }
}
