import { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import { fetchFile } from '../../distribution/index.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { barLines } from '../progress/layer-lines.ts';
import type { Progress } from '../progress/progress.ts';
import { type ImportOptions, importImage, readOptions } from './import-image.ts';

/**
 * {@link importImage} of an archive that the engine fetches by http or https, with a bar of how far it is.
 * @throws EngineError as importImage does, and notFound, unavailable when the server gives no file
 */
export async function importFromUrl(
  deps: ImagesDeps,
  url: string,
  call: { readonly options: ImportOptions; readonly progress: Progress; readonly signal: AbortSignal },
): Promise<string> {
  readOptions(call.options);
  await using file = await fetchFile(url, deps.proxyOf, call.signal);
  call.progress({ status: `Downloading from ${file.url}` });
  const bar = barLines(call.progress);
  const counted = async function* (): AsyncGenerator<Buffer> {
    let received = 0;
    try {
      for await (const chunk of file.body as AsyncIterable<Buffer>) {
        received += chunk.length;
        bar('Importing', received, file.sizeBytes ?? -1);
        yield chunk;
      }
    } catch (error) {
      if (call.signal.aborted) throw new EngineError('cancelled', 'importing was cancelled', { cause: error });
      throw new EngineError('unavailable', `${file.url} broke off after ${received} bytes`, { cause: error });
    }
  };
  const archive = Readable.from(counted(), { objectMode: false });
  // A reader is told by its own iterator; when it has left before the stream breaks, nobody is.
  archive.on('error', () => {});
  try {
    return await importImage(deps, archive, call);
  } finally {
    archive.destroy();
  }
}
