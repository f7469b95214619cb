import { rmSync, type Stats, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { errnoOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { listenForRoot } from '../linux/index.ts';

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

/** Listens on a unix socket that only root may use. Takes the path over from a predecessor. */
export async function listenForControl({ accept, log }: ControlSocketDeps, path: string): Promise<ControlSocket> {
  const refused = (uid: number): void => log.warn({ uid }, 'connection refused');
  const server = await listenForRoot(path, { accept, refused });
  server.on('error', () => {});
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
