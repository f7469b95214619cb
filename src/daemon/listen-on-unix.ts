import { chownSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { conflict, errnoOf, invalid } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { listenUnix, UNIX_PATH_MAX } from '../linux/index.ts';
import { cannotListen, startListening } from './start-listening.ts';

export interface UnixOptions {
  /** Name or id of the group that may connect. Empty: root alone. Undefined: `docker` where it exists. */
  readonly group: string | undefined;
  readonly logger: Logger;
}

/**
 * Listens on a unix socket (0660). Disposing the result removes the socket file, unless another engine has put its own
 * in the same place. @throws EngineError conflict when a process serves the path, invalid
 */
export async function listenOnUnix(server: Server, path: string, { group, logger }: UnixOptions): Promise<Disposable> {
  if (Buffer.byteLength(path) > UNIX_PATH_MAX) throw invalid(`socket path too long: ${path}`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  const before = await serverAt(path);
  if (before === 'alive') throw conflict(`cannot listen on unix://${path}: another process serves it`);
  if (before === 'foreign') throw conflict(`cannot listen on unix://${path}: the path exists and is not a socket`);
  const gid = groupId(group, logger);
  rmSync(path, { force: true });
  const fd = bind(path);
  const file = ownFile(path);
  try {
    if (gid !== undefined) chownSync(path, 0, gid);
    await startListening(server, { fd }, `unix://${path}`);
    return file;
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/** Binds without Node, which unlinks the path at close, even when another process's socket has replaced it by then. */
function bind(path: string): number {
  const umask = process.umask(0o117);
  try {
    return listenUnix(path);
  } catch (error) {
    throw cannotListen(`unix://${path}`, error);
  } finally {
    process.umask(umask);
  }
}

/** Disposing removes the file that is at `path` now, and no other. */
function ownFile(path: string): Disposable {
  const own = lstatSync(path, { bigint: true });
  return {
    [Symbol.dispose]() {
      const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      if (found?.ino === own.ino && found.dev === own.dev) rmSync(path, { force: true });
    },
  };
}

/** Examines a socket path: nothing (or the socket of a dead server), a live server, or another file. */
export async function serverAt(path: string): Promise<'none' | 'alive' | 'foreign'> {
  try {
    if (!statSync(path).isSocket()) return 'foreign';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'none';
    throw error;
  }
  const { promise, resolve } = Promise.withResolvers<'none' | 'alive'>();
  const probe = connect({ path });
  probe.once('connect', () => resolve('alive'));
  probe.once('error', (error) => resolve(errnoOf(error) === 'ECONNREFUSED' ? 'none' : 'alive'));
  const found = await promise;
  probe.destroy();
  return found;
}

/** The group `docker` where it exists. A group that was named explicitly must exist. @throws EngineError invalid */
function groupId(name: string | undefined, logger: Logger): number | undefined {
  if (name === '') return undefined;
  const wanted = name ?? 'docker';
  if (/^\d+$/.test(wanted)) return Number(wanted);
  const line = readGroups()
    .split('\n')
    .find((entry) => entry.startsWith(`${wanted}:`));
  const gid = Number(line?.split(':')[2]);
  if (Number.isSafeInteger(gid)) return gid;
  if (name !== undefined) throw invalid(`group ${name} not found`);
  logger.debug({}, 'no group docker: only root may use the socket');
  return undefined;
}

function readGroups(): string {
  try {
    return readFileSync('/etc/group', 'utf8');
  } catch {
    return '';
  }
}
