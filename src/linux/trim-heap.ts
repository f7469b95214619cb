import { libc } from './libc.ts';

const mallocTrim = mallocTrimFunction();

/**
 * Gives free memory of the C heap back to the system, in a thread: glibc keeps what large transfers and ended worker threads have
 * left, tens of megabytes. With a C library that has no such call nothing happens.
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
