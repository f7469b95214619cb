import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { libc } from './libc.ts';
import { SyscallError } from './syscall-error.ts';

const syncfs = libc.func('int syncfs(int fd)');

/**
 * Writes all pending data of the file system of `path` to its disk (syncfs(2)), off the main thread: one wait for
 * thousands of files. May take seconds.
 * @throws {SyscallError} EIO whatever the reason (errno is the other thread's), also for a write that failed since the
 * last call (Linux 5.8)
 */
export async function syncFilesystem(path: string): Promise<void> {
  const descriptor = openSync(path, 'r');
  try {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    syncfs.async(descriptor, (error: Error | null, result: number) =>
      error === null ? resolve(result) : reject(error),
    );
    if ((await promise) < 0) throw new SyscallError('syncfs', constants.errno.EIO, path);
  } finally {
    closeSync(descriptor);
  }
}
