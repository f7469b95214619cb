import { invalid } from '../../../base/errors.ts';
import type { Descriptor } from '../../../spec/index.ts';
import type { Lease } from '../../../store/index.ts';
import type { BuildPorts } from '../../ports.ts';
import type { StepStatus } from '../../solver/index.ts';
import type { CacheSource } from './cache-source.ts';

export type ImportedCacheDeps = Pick<BuildPorts, 'content' | 'snapshots' | 'collector'>;

export interface FetchBlob {
  readonly source: CacheSource;
  readonly blob: Descriptor;
  /** Holds the blob. */
  readonly lease: Lease;
  readonly report: (status: StepStatus) => void;
  readonly signal: AbortSignal;
}

const REPORT_MILLISECONDS = 100;

/** Fetches a blob, unless it is here. @throws EngineError invalid for other bytes than its descriptor says; notFound, noSpace */
export async function fetchBlob(
  { content }: Pick<ImportedCacheDeps, 'content'>,
  { source, blob, lease, report, signal }: FetchBlob,
): Promise<void> {
  const { digest, size: total } = blob;
  lease.blob(digest);
  if (content.has(digest)) return;
  const started = Date.now();
  let [current, reported] = [0, started];
  await using ingest = await content.ingest();
  await source.download(
    blob,
    async (chunk) => {
      current += chunk.length;
      if (current > total) throw invalid(`blob ${digest} is larger than its descriptor says`);
      await ingest.write(chunk);
      if (Date.now() - reported < REPORT_MILLISECONDS) return;
      reported = Date.now();
      report({ id: digest, current, total, started });
    },
    signal,
  );
  await ingest.commit({ digest, sizeBytes: total });
  report({ id: digest, current, total, started, completed: Date.now() });
}
