/**
 * Frees the memory of a buffer now, rather than at a garbage collection that may be tens of megabytes away: V8 hardly
 * counts memory outside its heap. For chunks of large transfers, called by the owner of the only reference. The buffer
 * is empty afterwards. A buffer that shares its memory (Node's pool, a part of a larger chunk) stays unchanged.
 *
 * In a process that has called this, V8 checks each access to a typed array. The supervisor spends its time on such
 * accesses, and has a `BufferPool` instead.
 */
export function release(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength) buffer.transfer(0);
}
