import { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import { fetchFile } from '../../distribution/index.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { barLines } from '../progress/layer-lines.ts';
import type { Progress } from '../progress/progress.ts';
import { type ImportOptions, importImage, readOptions } from './import-image.ts';

/**
 * Imports an archive that the engine downloads by http or https, as {@link importImage} does. Shows a progress bar.
 * @throws EngineError as importImage; notFound, unavailable when the server returns no file
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
  // The reader's own iterator reports errors. Without this listener an error after the reader has left would end the
  // process.
  archive.on('error', () => {});
  try {
    return await importImage(deps, archive, call);
  } finally {
    archive.destroy();
  }
}
