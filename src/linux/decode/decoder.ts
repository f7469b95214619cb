import koffi from 'koffi';

/**
 * Decompression on the calling thread, by the zlib and zstd that Node itself is linked with, into one buffer that is used again
 * and again. Node's own streams make a new buffer for every piece, tens of megabytes of garbage per thread, and go through
 * another thread for each; this is the unpacker's innermost loop (`docs/decisions/0010`).
 */
export interface Decoder extends Disposable {
  /**
   * Hands `take` what the input decodes to, piece by piece; a piece is only good until `take` returns.
   * @throws EngineError invalid for broken data
   */
  decode(input: Buffer, take: (bytes: Buffer) => void): void;
  /** Call after the last input. @throws EngineError invalid when it ended too soon */
  finish(): void;
}

/** Bytes handed on at once: they are hashed and written while they are in the cache. */
export const PIECE_BYTES = 256 << 10;

/** The functions of this process: Node exports its libraries' to addons. */
export const self = koffi.load(null);

/** Off V8's heap, so that its address stays. */
export function pinned(bytes: number): { readonly buffer: Buffer; readonly address: bigint } {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  return { buffer, address: addressOf(buffer) };
}

/** Good while the buffer is reachable. */
export function addressOf(buffer: Buffer): bigint {
  return BigInt(koffi.address(buffer));
}
