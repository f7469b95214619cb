import { createHash } from 'node:crypto';
import { chmod, chown, open, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, errnoOf } from '../../../../base/errors.ts';
import type { Digest } from '../../../../base/ids.ts';
import type { StepContext } from '../../../solver/index.ts';
import { EMPTY_TREE, type LayeredTree } from '../../../tree.ts';
import { openTreeRoot } from '../../tree-root.ts';
import type { SourceDeps } from '../source.ts';
import type { HttpWish } from './http-wish.ts';

/** A file that has come. It becomes a tree, or is gone with the step. */
export interface Download {
  readonly digest: Digest;
  readonly filename: string;
  /** Milliseconds since the epoch. 0 where the server does not say it. */
  readonly modified: number;
  seal(context: StepContext): Promise<LayeredTree>;
}

export interface Incoming {
  readonly filename: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly sizeBytes: number | undefined;
  /** Of the file. Milliseconds since the epoch. */
  readonly modified: number;
}

const REPORT_MILLISECONDS = 100;

/** Writes a file into an empty tree as it comes. @throws EngineError noSpace, cancelled; errors of the source */
export async function writeDownload(
  { ports }: Pick<SourceDeps, 'ports'>,
  { wish, incoming }: { readonly wish: HttpWish; readonly incoming: Incoming },
  context: StepContext,
): Promise<Download> {
  const { filename, modified } = incoming;
  const root = await openTreeRoot(ports, EMPTY_TREE, context.signal);
  context.keep(root);
  const path = join(root.path, filename);
  const digest = await write(path, incoming, context);
  await chown(path, wish.uid, wish.gid);
  await chmod(path, wish.permissions);
  await utimes(path, modified / 1000, modified / 1000);
  return { digest, filename, modified, seal: (sealing) => root.seal({ description: `download ${filename}` }, sealing) };
}

async function write(path: string, { body, filename, sizeBytes }: Incoming, context: StepContext): Promise<Digest> {
  const hash = createHash('sha256');
  const started = Date.now();
  let reported = started;
  let current = 0;
  const report = (more: { readonly completed?: number } = {}): void => {
    const total = sizeBytes === undefined ? {} : { total: sizeBytes };
    context.report({ id: `downloading ${filename}`, name: 'downloading', current, started, ...total, ...more });
  };
  await using file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of body) {
      context.signal.throwIfAborted();
      hash.update(chunk);
      await file.writeFile(chunk);
      current += chunk.length;
      if (Date.now() - reported < REPORT_MILLISECONDS) continue;
      reported = Date.now();
      report();
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOSPC' && errnoOf(error) !== 'EDQUOT') throw error;
    throw new EngineError('noSpace', 'no space left on device', { cause: error });
  }
  report({ completed: Date.now() });
  return `sha256:${hash.digest('hex')}` as Digest;
}
