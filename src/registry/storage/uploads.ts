import { randomUUID } from 'node:crypto';
import type { Records } from '../../base/records.ts';
import type { ContentStore } from '../../store/index.ts';
import { RegistryError } from '../errors.ts';
import type { RepositoryName } from '../names.ts';
import type { UploadRecord } from './records.ts';
import { createUpload, type Upload, type UploadLimits } from './upload.ts';

/**
 * Uploads under way, by id. They outlive the process: their bytes are resumable ingests of the content store.
 *
 * One life: `start` makes an upload and its record. The client names the upload's id in each further request, and `get`
 * finds the upload then. Requests append bytes, which count in `pendingBytes` until the last request commits or cancels
 * the upload. Either ends the upload and deletes its record. `expire` cancels uploads whose clients are gone. `close`
 * ends no upload: after the next start `get` finds it by its record, and it continues with its bytes.
 */
export interface Uploads {
  /** @throws RegistryError TOOMANYREQUESTS when a repository has too many open uploads */
  start(repository: RepositoryName): Upload;
  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN, also for an upload of another repository */
  get(repository: RepositoryName, id: string): Upload;
  /** Cancels uploads without a request for this long. */
  expire(idleSeconds: number): Promise<void>;
  /** Bytes of the repository's uploads, or of all. */
  pendingBytes(repository?: RepositoryName): number;
  readonly count: number;
  /** Closes all files. Their bytes stay for the next start. */
  close(): Promise<void>;
}

export interface UploadsDeps {
  readonly content: Pick<ContentStore, 'ingest'>;
  /** Deletes the bytes of uploads without a record. */
  readonly expireIngests: ContentStore['expireIngests'];
  readonly records: Records<UploadRecord>;
  readonly limits: UploadLimits;
  readonly now: () => number;
}

const PER_REPOSITORY_MAX = 1000;

export function openUploads(deps: UploadsDeps): Uploads {
  const uploads = new Map<string, Upload>();
  const make = (record: UploadRecord): Upload => {
    const upload = createUpload(record, {
      ...deps,
      ended() {
        uploads.delete(record.id);
        deps.records.delete(record.id);
      },
    });
    uploads.set(record.id, upload);
    return upload;
  };
  for (const record of deps.records.all()) make(record);

  const of = (repository: RepositoryName): Upload[] =>
    [...uploads.values()].filter((upload) => upload.repository === repository);

  return {
    start(repository) {
      if (of(repository).length >= PER_REPOSITORY_MAX) {
        throw new RegistryError('TOOMANYREQUESTS', `${repository} has ${PER_REPOSITORY_MAX} uploads under way`);
      }
      const record = { id: randomUUID(), repository, startedAt: Date.now() };
      deps.records.put(record.id, record);
      return make(record);
    },
    get(repository, id) {
      const upload = uploads.get(id);
      if (upload?.repository !== repository) {
        throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
      }
      return upload;
    },
    async expire(idleSeconds) {
      const before = deps.now() - idleSeconds * 1000;
      for (const upload of [...uploads.values()]) if (upload.touchedAt < before) await upload.cancel();
      deps.expireIngests(2 * idleSeconds);
    },
    pendingBytes(repository) {
      let sum = 0;
      for (const upload of uploads.values()) {
        if (repository === undefined || upload.repository === repository) sum += upload.writtenBytes;
      }
      return sum;
    },
    get count() {
      return uploads.size;
    },
    async close() {
      for (const upload of [...uploads.values()]) await upload.closeFile();
    },
  };
}
