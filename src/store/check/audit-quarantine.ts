import { rmSync } from 'node:fs';
import type { ContentStore } from '../content/index.ts';
import { type Finding, type Repair, repaired } from '../finding.ts';
import type { Collector } from '../gc/index.ts';

/** Finds quarantined blobs that are no longer needed: a good copy has arrived, or nothing refers to them. */
export function auditQuarantine(deps: {
  readonly content: Pick<ContentStore, 'has' | 'quarantined'>;
  readonly collector: Pick<Collector, 'isUsed'>;
}): Finding[] {
  return deps.content
    .quarantined()
    .filter(({ digest }) => deps.content.has(digest) || !deps.collector.isUsed(digest))
    .map(({ digest, path }): Finding => {
      const repair = (): Repair => {
        rmSync(path, { force: true });
        return repaired('deleted');
      };
      const problem = deps.content.has(digest)
        ? 'a broken blob was put aside here, and a good one has come since'
        : 'a broken blob was put aside here, and nothing refers to it any more';
      return { kind: 'leftover', subject: path, problem, advice: 'deleted', repair };
    });
}
