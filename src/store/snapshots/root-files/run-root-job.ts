import { showPath } from '../../../linux/index.ts';
import { applyChanges } from './apply-changes.ts';
import { makeDirectory, makeFile, makeSymlink, removePaths } from './change-root.ts';
import { contentSums } from './content-sum.ts';
import { copyPaths } from './copy-paths.ts';
import type { ListedPath, RootJob, RootResults } from './root-job.ts';
import { selectPaths } from './select-paths.ts';

/** @throws EngineError notFound, invalid, cancelled; system errors */
export function runRootJob(job: RootJob, shouldStop: () => boolean): RootResults[RootJob['kind']] {
  switch (job.kind) {
    case 'sum':
      return contentSums(job.root, job.selections, shouldStop);
    case 'list':
      return listPaths(job);
    case 'copyPaths':
      return void copyPaths(job.request, shouldStop);
    case 'makeDirectory':
      return void makeDirectory(job.request);
    case 'makeFile':
      return void makeFile(job.request);
    case 'makeSymlink':
      return void makeSymlink(job.request);
    case 'removePaths':
      return void removePaths(job.request, shouldStop);
    case 'applyChanges':
      return void applyChanges(job.request, shouldStop);
  }
}

function listPaths({ root, selection }: RootJob & { kind: 'list' }): readonly ListedPath[] {
  const listed: ListedPath[] = [];
  for (const { path, stat } of selectPaths(root, selection))
    listed.push({ path: showPath(path), isFile: stat.isFile(), isDirectory: stat.isDirectory() });
  return listed;
}
