import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { RootFiles } from '../../../store/index.ts';
import type { CopySource } from './copy-source.ts';

/**
 * What COPY and ADD show of their sources, and the cache compares: the kind and a sum of the content. A file's name counts,
 * since it may be the name of the copy.
 */
export async function sourcesSum(
  rootFiles: Pick<RootFiles, 'sums'>,
  sources: readonly CopySource[],
  signal: AbortSignal,
): Promise<string> {
  const texts: string[] = [];
  for (const { root, files } of sources) {
    const selections = files.map(({ path }) => ({ path, followsLink: true }));
    const sums = await rootFiles.sums(root, selections, signal);
    for (const [at, { path, isDirectory }] of files.entries()) {
      const name = isDirectory ? '' : posix.basename(path);
      texts.push(`${isDirectory ? 'dir' : 'file'}:${sha256(`${name}\0${sums[at]}`)}`);
    }
  }
  const [only] = texts;
  return texts.length === 1 && only !== undefined ? only : `multi:${sha256(texts.join(','))}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
