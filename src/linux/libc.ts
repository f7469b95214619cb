import koffi, { type LibraryHandle } from 'koffi';

/** The C library of the process. The files that use its functions declare them. The second name is musl's. */
export const libc = open();

function open(): LibraryHandle {
  try {
    return koffi.load('libc.so.6');
  } catch {
    return koffi.load('libc.so');
  }
}
