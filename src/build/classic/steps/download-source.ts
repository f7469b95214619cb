import { createWriteStream, utimesSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../../../base/errors.ts';
import { removeTree } from '../../../linux/index.ts';
import type { CopySource } from './copy-source.ts';
import type { StepContext } from './step-context.ts';

const FILE_MODE = 0o600;

/** Downloads what ADD names by a URL. The file is removed with `opened`. @throws EngineError notFound, unavailable, noSpace */
export async function downloadSource(
  { ports, context, output, signal }: StepContext,
  { url, destination }: { readonly url: string; readonly destination: string },
  opened: AsyncDisposableStack,
): Promise<CopySource> {
  await using file = await ports.fetch(url, signal);
  const base = posix.basename(new URL(url).pathname);
  const named = base === '' || base === '/' ? undefined : decoded(base);
  if (named === undefined && destination.endsWith('/')) {
    throw new EngineError('failed', `cannot determine filename for source ${url}`);
  }
  const name = named ?? 'unnamed';
  const folder = await mkdtemp(join(context.folder, 'download-'));
  opened.defer(() => removeTree(folder));
  const path = join(folder, name);
  let received = 0;
  const show = (): void => {
    const total = file.sizeBytes === undefined ? {} : { total: file.sizeBytes };
    output.send({ status: 'Downloading', progressDetail: { current: received, ...total } });
  };
  await pipeline(
    file.body,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        received += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(path, { mode: FILE_MODE }),
    { signal },
  );
  show();
  output.text('\n');
  const time = file.modifiedAt ?? 0;
  utimesSync(path, time, time);
  const selection = { path: name, followsLink: false };
  return { root: folder, selection, files: [{ path: name, isDirectory: false }], isDownload: true };
}

/** The name of the file must be one, whatever the server or the client says. */
function decoded(name: string): string | undefined {
  try {
    const text = decodeURIComponent(name);
    return text === '' || text === '.' || text === '..' || /[/\0]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
