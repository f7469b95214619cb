// Entry of the threads of `TreePool`. Runs one job at a time, synchronously. One message returns the result.
import { parentPort } from 'node:worker_threads';
import { EngineError, errnoOf, messageOf } from '../../../base/errors.ts';
import { copyTree, removeTree, treeSize } from '../../../linux/index.ts';
import { runRootJob } from '../root-files/run-root-job.ts';
import { sealTree } from '../sealed/seal-tree.ts';
import { NeedsParents } from '../untar/untar-errors.ts';
import { adoptDirectories } from './adopt-directories.ts';
import { hashFile } from './hash-file.ts';
import {
  CONTROL,
  type TreeAnswer,
  type TreeFailure,
  type TreeJob,
  type TreeRequest,
  type TreeResults,
} from './tree-job.ts';
import { unpackFile } from './unpack-file.ts';

function run(job: TreeJob, control: BigInt64Array): TreeResults[TreeJob['kind']] {
  const shouldStop = (): boolean => Atomics.load(control, CONTROL.stop) !== 0n;
  const progress = (bytes: number): void => void Atomics.store(control, CONTROL.done, BigInt(bytes));
  switch (job.kind) {
    case 'unpack':
      return unpackFile(job, { shouldStop, progress });
    case 'adopt':
      return adoptDirectories(job.source, job.target, job.names);
    case 'copy':
      return void copyTree({ source: job.source, target: job.target, cancelled: shouldStop, progress });
    case 'remove':
      return void removeTree(job.path, shouldStop);
    case 'size':
      return treeSize(job.path, shouldStop);
    case 'seal':
      return sealTree(job.trees, shouldStop);
    case 'hash':
      return hashFile(job, shouldStop);
    default:
      return runRootJob(job, shouldStop);
  }
}

function failureOf(error: unknown): TreeFailure {
  if (error instanceof NeedsParents) return { kind: 'needsParents', message: error.message };
  const code = errnoOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return { kind: 'noSpace', message: 'no space left on device' };
  if (error instanceof EngineError) return { kind: error.kind, message: error.message };
  return { kind: 'internal', message: messageOf(error) };
}

parentPort?.on('message', ({ job, control }: TreeRequest) => {
  let answer: TreeAnswer;
  try {
    answer = { ok: true, result: run(job, control) };
  } catch (error) {
    answer = { ok: false, failure: failureOf(error) };
  }
  parentPort?.postMessage(answer);
});
