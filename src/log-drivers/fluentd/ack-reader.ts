/** Bytes of an answer `{"ack": CHUNK}` at most: a chunk is 24 bytes long. */
const ANSWER_BYTES = 64;
const MAP_OF_ONE = 0x81;

/** Reads the receipts of a receiver, each `{"ack": CHUNK}` in MessagePack. */
export class AckReader {
  #bytes: Buffer = Buffer.alloc(0);
  #wanted: readonly string[] = [];
  #settle: PromiseWithResolvers<void> | undefined;
  #ended: Error | undefined;

  /** Resolves when a receipt of each chunk has come, in their order. @throws when another answer comes, or the connection ends */
  expect(chunks: readonly string[]): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#wanted = chunks;
    this.#settle = Promise.withResolvers();
    return this.#settle.promise;
  }

  /** Takes what the receiver sent. False: more than it was asked for. */
  push(bytes: Buffer): boolean {
    if (this.#settle === undefined) return bytes.length === 0;
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    this.#read();
    return this.#bytes.length <= ANSWER_BYTES * Math.max(1, this.#wanted.length);
  }

  /** The connection ended. */
  end(error: Error): void {
    this.#ended ??= error;
    this.#settle?.reject(this.#ended);
  }

  #read(): void {
    while (this.#wanted.length > 0) {
      const answer = readAck(this.#bytes);
      if (answer === undefined) break;
      const [chunk, ...rest] = this.#wanted;
      if (answer.chunk !== chunk) {
        this.end(new Error('fluentd: the receiver acknowledged another message'));
        return;
      }
      this.#wanted = rest;
      this.#bytes = this.#bytes.subarray(answer.end);
    }
    if (this.#wanted.length === 0) {
      this.#settle?.resolve();
      this.#settle = undefined;
    }
  }
}

/** Undefined when the answer is not complete. An answer of another form has no chunk. */
function readAck(bytes: Buffer): { readonly chunk: string | undefined; readonly end: number } | undefined {
  if (bytes.length === 0) return undefined;
  const none = { chunk: undefined, end: bytes.length };
  if (bytes[0] !== MAP_OF_ONE) return none;
  const key = readText(bytes, 1);
  if (key === undefined) return bytes.length > ANSWER_BYTES ? none : undefined;
  const value = readText(bytes, key.end);
  if (value === undefined) return bytes.length > ANSWER_BYTES ? none : undefined;
  return key.text === 'ack' ? { chunk: value.text, end: value.end } : none;
}

/** A text, or bytes that stand for one. Undefined when it is not complete, or neither. */
function readText(bytes: Buffer, at: number): { readonly text: string; readonly end: number } | undefined {
  const type = bytes[at];
  if (type === undefined) return undefined;
  const isShort = (type & 0xe0) === 0xa0;
  if (!isShort && type !== 0xd9 && type !== 0xc4) return undefined;
  const length = isShort ? type & 0x1f : bytes[at + 1];
  const from = at + (isShort ? 1 : 2);
  if (length === undefined || bytes.length < from + length) return undefined;
  return { text: bytes.toString('latin1', from, from + length), end: from + length };
}
