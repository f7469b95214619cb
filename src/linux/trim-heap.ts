import { libc } from './libc.ts';

const mallocTrim = mallocTrimFunction();

/**
 * Returns free memory of the C heap to the system, in a thread: glibc keeps tens of megabytes after large transfers and
 * ended worker threads. Does nothing with a C library that lacks the call.
 */
export function trimHeap(): void {
  mallocTrim?.async(0, () => {});
}

function mallocTrimFunction(): { readonly async: (pad: number, done: () => void) => void } | undefined {
  try {
    return libc.func('int malloc_trim(size_t pad)');
  } catch {
    return undefined;
  }
}
