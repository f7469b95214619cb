import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDigest } from '../../base/ids.ts';
import { removeTree } from '../../linux/index.ts';
import { type Finding, type Repair, repaired } from '../finding.ts';
import { type ContentPaths, KEPT_PREFIX, temporaries } from './paths.ts';

export interface AuditContentOptions {
  readonly algorithms: readonly string[];
  readonly isWriting: (name: string) => boolean;
  /** Longest age of a resumable ingest. */
  readonly ingestLifeSeconds: number;
}

/** Finds files in the content store's folders that no operation needs. */
export function auditContent(paths: ContentPaths, options: AuditContentOptions): Finding[] {
  const { algorithms, isWriting, ingestLifeSeconds } = options;
  const oldest = Date.now() - ingestLifeSeconds * 1000;
  const foreign = algorithms.flatMap((algorithm) =>
    readdirSync(paths.blobFolder(algorithm))
      .filter((name) => !isDigest(`${algorithm}:${name}`))
      .map((name) => join(paths.blobFolder(algorithm), name)),
  );
  const ended = readdirSync(paths.ingest).filter((name) => {
    if (isWriting(name)) return false;
    const stat = statSync(join(paths.ingest, name), { throwIfNoEntry: false });
    return stat !== undefined && (!name.startsWith(KEPT_PREFIX) || stat.mtimeMs < oldest);
  });
  return [
    ...foreign.map((path): Finding => {
      const problem = 'it is among the blobs, and is none';
      return { kind: 'file-unknown', subject: path, problem, advice: 'not ours: move it away' };
    }),
    ...ended.map((name) => leftover(join(paths.ingest, name), 'an upload or download that nobody goes on with')),
    ...temporaries(paths).map((path) => leftover(path, 'a document that was never given its name')),
    ...readdirSync(paths.trash).map((name) => leftover(join(paths.trash, name), 'deleted content that stayed')),
  ];
}

function leftover(path: string, problem: string): Finding {
  const repair = (): Repair => {
    removeTree(path);
    return repaired('deleted');
  };
  return { kind: 'leftover', subject: path, problem, advice: 'deleted', repair };
}
