import type { RootFiles } from './root-files.ts';
import { type RootFilesDeps, unpackArchives } from './unpack-archives.ts';

export function openRootFiles(deps: RootFilesDeps): RootFiles {
  const { pool } = deps;
  return {
    sums: (root, selections, signal) => pool.run({ kind: 'sum', root, selections }, signal),
    list: (root, selection, signal) => pool.run({ kind: 'list', root, selection }, signal),
    copy: (request, signal) => pool.run({ kind: 'copyPaths', request }, signal),
    unpack: (request, signal) => unpackArchives(deps, request, signal),
    makeDirectory: (request, signal) => pool.run({ kind: 'makeDirectory', request }, signal),
    makeFile: (request, signal) => pool.run({ kind: 'makeFile', request }, signal),
    makeSymlink: (request, signal) => pool.run({ kind: 'makeSymlink', request }, signal),
    applyChanges: (request, signal) => pool.run({ kind: 'applyChanges', request }, signal),
    remove: (request, signal) => pool.run({ kind: 'removePaths', request }, signal),
  };
}
