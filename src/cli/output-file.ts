import { rmSync, writeSync } from 'node:fs';
import { lstat, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errnoOf, messageOf } from '../base/errors.ts';
import { CliError } from './errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EACCES: 'permission denied',
};

/**
 * Checks that a command may write its output to this path: a new or existing file in an existing folder. Call it before
 * any request to the engine.
 * @throws CliError in docker's words, after `what` (`failed to save image`)
 */
export async function checkOutputFile(path: string, what: string): Promise<void> {
  const refuse = (why: string): CliError => new CliError(1, `${what}: ${why}`);
  const folder = dirname(path);
  try {
    if (!(await stat(folder)).isDirectory()) throw refuse(`invalid output path: stat ${folder}: not a directory`);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw refuse(`invalid output path: stat ${folder}: ${REASONS[errnoOf(error) ?? ''] ?? messageOf(error)}`);
  }
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() || basename(path) === '' || path.endsWith('/')) throw refuse('cannot write to a directory');
  if (found?.isSymbolicLink()) throw refuse('cannot write to a symbolic link directly');
  if (found?.isFIFO()) throw refuse('cannot write to a named pipe (FIFO)');
  if (found?.isSocket()) throw refuse('cannot write to a socket');
  if (found?.isBlockDevice()) throw refuse('cannot write to a block device file');
  if (found?.isCharacterDevice()) throw refuse('cannot write to a character device file');
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Writes a stream to a checked path. The file appears under its name only when it is complete. A signal leaves nothing.
 */
export async function writeOutputFile(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const partial = `${path}.${process.pid}.part`;
  const interrupted = (signal: keyof typeof SIGNALS): void => {
    rmSync(partial, { force: true });
    process.exit(128 + SIGNALS[signal]);
  };
  const signals = Object.keys(SIGNALS);
  for (const signal of signals) process.once(signal, interrupted);
  const file = await open(partial, 'wx', 0o600);
  try {
    // Written synchronously: in Node's threads each write would wait for its turn, at a third of the speed.
    for await (const chunk of body) writeAll(file.fd, chunk);
    await file.close();
    await rename(partial, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(partial, { force: true });
    throw error;
  } finally {
    for (const signal of signals) process.off(signal, interrupted);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
