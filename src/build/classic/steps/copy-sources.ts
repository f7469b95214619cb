import { posix } from 'node:path';
import { EngineError } from '../../../base/errors.ts';
import type { AddInstruction, CopyInstruction } from '../../dockerfile/index.ts';
import type { CopySource } from './copy-source.ts';
import { downloadSource } from './download-source.ts';
import type { StepContext } from './step-context.ts';

const URL_START = /^https?:\/\//;

/** Finds the sources. They stay until `opened` is disposed. @throws EngineError failed, in dockerd's words */
export async function copySources(
  step: StepContext,
  copying: AddInstruction | CopyInstruction,
  opened: AsyncDisposableStack,
): Promise<readonly CopySource[]> {
  const from = copying.kind === 'copy' ? copying.from : '';
  const root = from === '' ? step.context.path : await imageRoot(step, from, opened);
  const keyword = copying.kind.toUpperCase();
  try {
    const sources: CopySource[] = [];
    for (const word of copying.sources) {
      const isDownload = URL_START.test(word);
      if (isDownload && copying.kind === 'copy') throw new EngineError('failed', "source can't be a URL for COPY");
      sources.push(
        isDownload
          ? await downloadSource(step, { url: word, destination: copying.destination }, opened)
          : await fileSource(step, { root, word, isContext: from === '' }),
      );
    }
    if (sources.every(({ files }) => files.length === 0))
      throw new EngineError('failed', 'no source files were specified');
    return sources;
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind === 'cancelled') throw error;
    throw new EngineError(error.kind, `${keyword} failed: ${error.message}`, { cause: error });
  }
}

async function imageRoot(
  { stages, ports, signal }: StepContext,
  from: string,
  opened: AsyncDisposableStack,
): Promise<string> {
  const image = await stages.source(from, signal);
  const { snapshots } = ports;
  const view = await snapshots.sealed.view(snapshots.chain(image.config.rootfs.diff_ids));
  return opened.use(view).path;
}

async function fileSource(
  { ports, signal }: StepContext,
  { root, word, isContext }: { readonly root: string; readonly word: string; readonly isContext: boolean },
): Promise<CopySource> {
  const path = posix.normalize(word);
  if (path === '..' || path.startsWith('../')) {
    throw new EngineError('failed', `forbidden path outside the build context: ${path} ()`);
  }
  const selection = { path, hasWildcards: /[*?[]/.test(path), followsLink: true };
  try {
    const files = await ports.snapshots.rootFiles.list(root, selection, signal);
    return { root, selection, files, isDownload: false };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    // As dockerd, for which a broken pattern matches nothing.
    if (error.kind === 'invalid' && selection.hasWildcards) return { root, selection, files: [], isDownload: false };
    if (error.kind !== 'notFound') throw error;
    const missing = `stat ${path.replace(/^\/+/, '')}: file does not exist`;
    const where = isContext ? 'file not found in build context or excluded by .dockerignore: ' : '';
    throw new EngineError('notFound', `${where}${missing}`, { cause: error });
  }
}
