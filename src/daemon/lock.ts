import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { conflict, errnoOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { isSpaceError } from '../io/index.ts';
import { tryLockFile } from '../linux/index.ts';

/**
 * Makes this process the only engine on a data root, until disposed or until the process ends.
 * @throws EngineError conflict when another engine runs on it
 */
export function lockDataRoot(dataRoot: string): Disposable {
  mkdirSync(dataRoot, { recursive: true, mode: 0o710 });
  const path = join(dataRoot, 'engine.lock');
  const fd = openSync(path, 'a', 0o600);
  if (!tryLockFile(fd)) {
    closeSync(fd);
    throw conflict(`another engine is running on ${dataRoot} (it holds ${path}): use another --data-root`);
  }
  return { [Symbol.dispose]: () => closeSync(fd) };
}

/** Locks of bridges, by network namespace: bridges of one name in two namespaces are two. */
const BRIDGE_LOCKS = '/run/gantry-bridges';

/**
 * Makes this process the only engine that manages a bridge, and the firewall table that is named after it, in its network
 * namespace. The lock ends when it is disposed or when the process ends. On a full disk the engine starts without the lock.
 * @throws EngineError conflict when another engine runs on the bridge
 */
export function lockBridge(bridge: string, logger: Logger): Disposable {
  const path = join(BRIDGE_LOCKS, `${statSync('/proc/self/ns/net').ino}-${bridge}`);
  for (;;) {
    const fd = openLock(path, logger);
    if (fd === undefined) return { [Symbol.dispose]() {} };
    if (!tryLockFile(fd)) {
      closeSync(fd);
      const advice = 'give this engine its own --bridge-name and --bip';
      throw conflict(`another engine is running on the bridge ${bridge} (it holds ${path}): ${advice}`);
    }
    // The last holder may have removed the file since it was opened.
    if (statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return bridgeLock(path, fd);
    closeSync(fd);
  }
}

function openLock(path: string, logger: Logger): number | undefined {
  for (;;) {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      return openSync(path, 'a', 0o600);
    } catch (error) {
      // Another engine that ended has removed the empty folder.
      if (errnoOf(error) === 'ENOENT') continue;
      if (!isSpaceError(error)) throw error;
      logger.warn({ path }, 'cannot lock the bridge: no space left on device');
      return undefined;
    }
  }
}

function bridgeLock(path: string, fd: number): Disposable {
  return {
    [Symbol.dispose]() {
      rmSync(path, { force: true });
      closeSync(fd);
      try {
        rmdirSync(BRIDGE_LOCKS);
      } catch {
        // Other engines hold locks.
      }
    },
  };
}

/**
 * Writes the pid. Replaces a file of a process that has ended or is not an engine. On a full disk the engine starts without
 * the file.
 * @throws EngineError conflict
 */
export function writePidfile(path: string, logger: Logger): Disposable {
  const running = runningEngine(path);
  if (running !== undefined && running !== process.pid) {
    throw conflict(`process with PID ${running} is still running: pid file ${path}`);
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  const remove = (): void => rmSync(path, { force: true });
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
  } catch (error) {
    remove();
    if (!isSpaceError(error)) throw error;
    logger.warn({ path }, 'cannot write the pid file: no space left on device');
  }
  return {
    [Symbol.dispose]() {
      // Another engine may have written its pid since.
      if (readPid(path) === process.pid) remove();
    },
  };
}

/** Pids are reused after a reboot: only a process that looks like an engine counts. */
function runningEngine(path: string): number | undefined {
  const pid = readPid(path);
  return pid !== undefined && isEngine(pid) ? pid : undefined;
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isEngine(pid: number): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return command.some((word) => /gantryd|^dockerd$/.test(basename(word)) || /daemon\/main\.ts$/.test(word));
  } catch {
    return false;
  }
}
