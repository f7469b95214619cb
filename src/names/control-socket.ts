import { chmodSync, rmSync, type Stats, statSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { errnoOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { peerCredentials } from '../linux/index.ts';

export interface ControlSocketDeps {
  readonly accept: (socket: Socket) => void;
  readonly log: Logger;
}

export interface ControlSocket {
  /** Whether the path still leads here: not when it was removed, or a successor listens. */
  isOurs(): boolean;
  /** Removes the socket's file, if it is ours. */
  remove(): void;
}

/** Listens on a unix socket (0600) that only root and the own user may use. Takes the path over from a predecessor. */
export async function listenForControl(deps: ControlSocketDeps, path: string): Promise<ControlSocket> {
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    const { uid } = peerCredentials(socket);
    if (uid === 0 || uid === process.getuid?.()) return deps.accept(socket);
    deps.log.warn({ uid }, 'connection refused');
    socket.destroy();
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  const before = process.umask(0o177);
  server.listen(path, resolve);
  process.umask(before);
  await promise;
  server.off('error', reject).on('error', () => {});
  chmodSync(path, 0o600);
  const own = statSync(path);
  const isOurs = (): boolean => leadsTo(path, own);
  return {
    isOurs,
    remove: () => {
      if (isOurs()) rmSync(path, { force: true });
    },
  };
}

function leadsTo(path: string, own: Stats): boolean {
  try {
    const { dev, ino } = statSync(path);
    return dev === own.dev && ino === own.ino;
  } catch (error) {
    const code = errnoOf(error);
    // Other errors say nothing about the file.
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}
