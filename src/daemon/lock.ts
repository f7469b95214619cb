import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { conflict } from '../base/errors.ts';
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

/**
 * Writes the pid. Replaces a file of a process that has ended or is no engine. On a full disk the engine starts without
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
