import { EngineError, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { ContentStore } from '../content/index.ts';
import { type Finding, type Repair, repaired } from '../finding.ts';
import type { Collector } from '../gc/index.ts';
import type { ImageStore } from '../images/index.ts';
import type { TreePool } from '../snapshots/worker/tree-pool.ts';
import { usersOf } from './audit-images.ts';

export interface VerifyDeps {
  readonly content: ContentStore;
  readonly images: ImageStore;
  readonly collector: Pick<Collector, 'isUsed'>;
  readonly pool: TreePool;
}

/** For less than this a second thread costs more than it gains. */
const PARALLEL_BYTES = 32 << 20;
const REPORT_MS = 200;

/**
 * Reads every blob again and compares it with its digest. Blobs that are deleted meanwhile are skipped.
 * @throws EngineError cancelled
 */
export async function verifyBlobs(
  deps: VerifyDeps,
  onProgress: (current: number, total: number) => void,
  signal: AbortSignal,
): Promise<{ readonly findings: Finding[]; readonly blobs: number; readonly bytes: number }> {
  const { content } = deps;
  const digests = content.list().filter((digest) => content.has(digest));
  const bytes = digests.reduce((sum, digest) => sum + content.sizeBytes(digest), 0);
  const done = new BigInt64Array(new SharedArrayBuffer(8));
  const report = (): void => onProgress(Math.min(Number(Atomics.load(done, 0)), bytes), bytes);
  const timer = setInterval(report, REPORT_MS);
  const findings: Finding[] = [];
  const queue = digests.values();
  const work = async (): Promise<void> => {
    for (const digest of queue) {
      const problem = await problemOf(deps, digest, { done, signal });
      if (problem !== undefined) findings.push(corrupt(deps, digest, problem));
    }
  };
  try {
    report();
    await Promise.all(bytes > PARALLEL_BYTES ? [work(), work()] : [work()]);
    onProgress(bytes, bytes);
  } finally {
    clearInterval(timer);
  }
  return { findings, blobs: digests.length, bytes };
}

/** Checks one blob twice: it may have been removed and stored again in between. */
async function problemOf(
  { content, pool }: VerifyDeps,
  digest: Digest,
  call: { readonly done: BigInt64Array; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const algorithm = digest.slice(0, digest.indexOf(':'));
  let problem: string | undefined;
  for (let look = 0; look < 2; look++) {
    // Only the first check counts as progress.
    const done = look === 0 ? call.done : new BigInt64Array(1);
    try {
      const actual = await pool.run({ kind: 'hash', path: content.path(digest), algorithm, done }, call.signal);
      if (actual === digest || actual === undefined) return undefined;
      problem = `its content has the digest ${actual}`;
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'cancelled') throw error;
      problem = `it cannot be read: ${messageOf(error)}`;
    }
  }
  return content.has(digest) ? problem : undefined;
}

function corrupt({ content, images, collector }: VerifyDeps, digest: Digest, problem: string): Finding {
  const users = usersOf(images, digest);
  const [first] = users;
  const isUsed = collector.isUsed(digest);
  const used = first !== undefined ? `used by ${users.join(', ')}` : isUsed ? 'no image uses it' : 'nothing uses it';
  const heal =
    first !== undefined
      ? `; pull or load ${first} again to have it back`
      : isUsed
        ? '; push it again to the registry to have it back'
        : '';
  const repair = (): Repair => {
    if (!content.has(digest)) return repaired('gone by now');
    return { done: `put aside as ${content.quarantine(digest)}${heal}`, isWhole: !isUsed };
  };
  return { kind: 'blob-corrupt', subject: digest, problem: `${problem}; ${used}`, advice: `put aside${heal}`, repair };
}
