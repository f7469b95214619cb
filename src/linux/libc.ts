import koffi, { type LibraryHandle } from 'koffi';

/** The C library of the process; functions are declared by the files that use them. musl answers to the second name. */
export const libc = open();

function open(): LibraryHandle {
  try {
    return koffi.load('libc.so.6');
  } catch {
    return koffi.load('libc.so');
  }
}
