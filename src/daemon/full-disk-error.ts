import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { spaceError } from '../io/index.ts';
import type { Config } from './config/config.ts';

/**
 * The error of a start that a full disk has prevented, with the folders that are on it and what to do. Returns any other error
 * unchanged.
 */
export function fullDiskError(error: unknown, { dataRoot, execRoot }: Pick<Config, 'dataRoot' | 'execRoot'>): unknown {
  const told = spaceError(error);
  if (!(told instanceof EngineError) || told.kind !== 'noSpace') return error;
  const options = { '--data-root': dataRoot, '--exec-root': execRoot };
  const all = Object.entries(options);
  const full = all.filter(([, folder]) => isFull(folder));
  // A quota can be used up on a file system that has space.
  const places = (full.length === 0 ? all : full).map(([option, folder]) => `${folder} (${option})`);
  const advice = `free space on the file system of ${places.join(' and ')}, or choose another folder`;
  return new EngineError('noSpace', `${told.message}: ${advice}`, { cause: error });
}

function isFull(folder: string): boolean {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, files, ffree } = statfsSync(existing);
  return bavail === 0 || (files > 0 && ffree === 0);
}
