import { contentSums } from './content-sum.ts';
import type { RootJob, RootResults } from './root-job.ts';

/** @throws EngineError notFound, invalid, failed, noSpace, cancelled; system errors */
export function runRootJob(job: RootJob, shouldStop: () => boolean): RootResults[RootJob['kind']] {
  switch (job.kind) {
    case 'sum':
      return contentSums(job.root, job.selections, shouldStop);
  }
}
