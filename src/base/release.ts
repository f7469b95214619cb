/**
 * Gives the memory of a buffer back now, rather than at a collection that may be tens of megabytes away: V8 hardly counts what is outside
 * its heap. For chunks of large transfers, by whoever was handed the only reference and is done with it; the buffer is empty
 * afterwards. One that shares its memory with others (Node's pool, a part of a larger chunk) is left alone.
 */
export function release(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength) buffer.transfer(0);
}
