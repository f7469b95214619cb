import koffi from 'koffi';

/**
 * Decompression on the calling thread, by the zlib and zstd with which Node itself is linked, into one reused buffer.
 * Node's own streams make a new buffer for every piece, tens of megabytes of garbage per thread, and use another thread
 * for each. This is the unpacker's innermost loop (`docs/decisions/0010`).
 */
export interface Decoder extends Disposable {
  /**
   * Passes the decoded input to `take`, piece by piece. A piece is valid only until `take` returns.
   * @throws EngineError invalid for broken data
   */
  decode(input: Buffer, take: (bytes: Buffer) => void): void;
  /** Call it after the last input. @throws EngineError invalid when the input is truncated */
  finish(): void;
}

/** Size of a piece: it is hashed and written while it is in the cache. */
export const PIECE_BYTES = 256 << 10;

/** The functions of this process: Node exports those of its libraries to addons. */
export const self = koffi.load(null);

/** A buffer outside V8's heap, so that its address stays. */
export function pinned(bytes: number): { readonly buffer: Buffer; readonly address: bigint } {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  return { buffer, address: addressOf(buffer) };
}

/** Valid while the buffer is reachable. */
export function addressOf(buffer: Buffer): bigint {
  return BigInt(koffi.address(buffer));
}
