/** BuildKit's limits of a step's output. */
const MAX_BYTES = 2 << 20;
const MAX_BYTES_PER_SECOND = 200 << 10;

/**
 * Passes a step's output on until it is too much, or comes too fast over the time since its start. Then one line says
 * so, and the rest is dropped.
 */
export function logLimit(
  log: (stream: 1 | 2, bytes: Uint8Array) => void,
  now: () => number = performance.now.bind(performance),
): (stream: 1 | 2, bytes: Uint8Array) => void {
  const startedAt = now();
  let passed = 0;
  let isClipped = false;
  return (stream, bytes) => {
    if (isClipped) return;
    const seconds = Math.ceil((now() - startedAt) / 1000) + 1;
    const room = Math.min(MAX_BYTES, seconds * MAX_BYTES_PER_SECOND) - passed;
    const taken = bytes.subarray(0, Math.max(room, 0));
    passed += taken.length;
    if (taken.length > 0) log(stream, Buffer.from(taken));
    if (taken.length === bytes.length) return;
    isClipped = true;
    const reason = passed >= MAX_BYTES ? 'log limit 2MiB' : 'log limit 200KiB/s';
    log(stream, Buffer.from(`\n[output clipped, ${reason} reached]\n`));
  };
}
