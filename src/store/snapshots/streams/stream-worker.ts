// Entry of the threads of `StreamThreads`. Runs one job at a time, synchronously. It waits when its client is slow.
import { createHash } from 'node:crypto';
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { EngineError, type ErrorKind, errnoOf, messageOf } from '../../../base/errors.ts';
import { parseDigest } from '../../../base/ids.ts';
import { showPath } from '../../../linux/index.ts';
import { archiveChanges } from '../archive/archive-changes.ts';
import { archivePath } from '../archive/archive-path.ts';
import { archiveFolder, archiveTrees } from '../archive/archive-tree.ts';
import { extract } from '../archive/extract.ts';
import { statPath } from '../archive/path-stat.ts';
import { unpackFolder } from '../archive/unpack-folder.ts';
import { walkChanges } from '../diff/walk-changes.ts';
import {
  CHUNKS_UNDER_WAY,
  CONTROL,
  type FileChange,
  type FromThread,
  type StreamJob,
  type StreamRequest,
  type ToThread,
} from './stream-job.ts';

/** The other end of a job's stream. */
class Client {
  readonly #port: MessagePort;
  readonly #control: Int32Array;

  constructor({ port, control }: StreamRequest) {
    this.#port = port;
    this.#control = control;
  }

  post(message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  /** Sends a chunk, once there is space for it. @throws EngineError cancelled */
  give(chunk: Buffer): void {
    this.#waitWhile(() => Atomics.load(this.#control, CONTROL.unread) >= CHUNKS_UNDER_WAY);
    Atomics.add(this.#control, CONTROL.unread, 1);
    this.post({ kind: 'chunk', bytes: chunk }, [chunk.buffer as ArrayBuffer]);
  }

  /** Returns the next chunk, undefined at the end. @throws EngineError cancelled */
  take(): Buffer | undefined {
    let received: { message: ToThread } | undefined;
    this.#waitWhile(() => {
      received = receiveMessageOnPort(this.#port) as typeof received;
      return received === undefined;
    });
    const bytes = received?.message ?? undefined;
    if (bytes === undefined) return undefined;
    this.post({ kind: 'taken' });
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  checkStop(): void {
    if (Atomics.load(this.#control, CONTROL.stop) !== 0) throw new EngineError('cancelled', 'the client has gone');
  }

  #waitWhile(condition: () => boolean): void {
    for (;;) {
      const pulse = Atomics.load(this.#control, CONTROL.pulse);
      this.checkStop();
      if (!condition()) return;
      Atomics.wait(this.#control, CONTROL.pulse, pulse);
    }
  }
}

function run(job: StreamJob, client: Client): void {
  const give = (chunk: Buffer): void => client.give(chunk);
  switch (job.kind) {
    case 'changes':
      client.post({ kind: 'head', head: listChanges(job, client) });
      return;
    case 'archiveChanges':
      client.post({ kind: 'head', head: undefined });
      archiveChanges(job.trees, give);
      return;
    case 'archiveLayer':
      archiveLayer(job, client);
      return;
    case 'archiveTrees':
      client.post({ kind: 'head', head: undefined });
      archiveTrees(job.trees, give);
      return;
    case 'archiveFolder':
      client.post({ kind: 'head', head: undefined });
      archiveFolder(job.folder, give);
      return;
    case 'unpackFolder':
      unpackFolder(job.folder, () => client.take());
      client.post({ kind: 'head', head: undefined });
      return;
    case 'statPath':
      client.post({ kind: 'head', head: statPath(job.view, job.path) });
      return;
    case 'archivePath':
      archivePath(job.view, job.path, (head) => {
        client.post({ kind: 'head', head });
        return give;
      });
      return;
    case 'extract':
      extract(job.view, job.path, { options: job.options, next: () => client.take() });
      client.post({ kind: 'head', head: undefined });
  }
}

function archiveLayer({ trees, clampSeconds }: StreamJob & { kind: 'archiveLayer' }, client: Client): void {
  client.post({ kind: 'head', head: undefined });
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const take = (chunk: Buffer): void => {
    hash.update(chunk);
    sizeBytes += chunk.length;
    client.give(chunk);
  };
  const { isClamped } = archiveChanges(trees, take, clampSeconds);
  const diffId = parseDigest(`sha256:${hash.digest('hex')}`);
  client.post({ kind: 'tail', tail: { diffId, sizeBytes, isClamped } });
}

const KINDS = { modified: 0, added: 1, deleted: 2 } as const;

function listChanges({ trees }: StreamJob & { kind: 'changes' }, client: Client): readonly FileChange[] {
  const changes: FileChange[] = [];
  for (const { kind, path } of walkChanges({ ...trees, withSame: false })) {
    client.checkStop();
    if (kind !== 'same') changes.push({ Path: `/${showPath(path)}`, Kind: KINDS[kind] });
  }
  return changes;
}

function failureOf(error: unknown): { kind: ErrorKind; message: string } {
  const code = errnoOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return { kind: 'noSpace', message: 'no space left on device' };
  if (error instanceof EngineError) return { kind: error.kind, message: error.message };
  // A file that something is mounted on cannot be replaced: the client's mistake, in Docker's words.
  if (code === 'EBUSY')
    return { kind: 'failed', message: messageOf(error).replace(/EBUSY$/, 'device or resource busy') };
  return { kind: 'internal', message: messageOf(error) };
}

parentPort?.on('message', (request: StreamRequest) => {
  const client = new Client(request);
  try {
    run(request.job, client);
    client.post({ kind: 'done' });
  } catch (error) {
    client.post({ kind: 'failed', error: failureOf(error) });
  }
  parentPort?.postMessage('idle');
});
