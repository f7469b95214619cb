import { invalid } from '../../../base/errors.ts';
import { release, TarParser } from '../../../io/index.ts';
import { enterRoot } from '../../../linux/index.ts';
import { Untar } from '../untar/untar.ts';
import { NeedsParents } from '../untar/untar-errors.ts';

/**
 * Unpacks a plain tar into an empty folder, which gets the owner, mode and attributes of the archive's entry for its
 * root. The thread is confined to the folder meanwhile. Synchronous.
 * @throws EngineError invalid for a hostile or broken archive, tooLarge; system errors. Unpacked files stay: the caller
 * removes them
 */
export function unpackFolder(folder: string, next: () => Buffer | undefined): void {
  using _root = enterRoot(folder);
  using untar = new Untar('plain', { givesRoot: true });
  const parser = new TarParser(untar);
  try {
    for (let chunk = next(); chunk !== undefined; chunk = next()) {
      parser.write(chunk);
      release(chunk);
    }
    parser.finish();
  } catch (error) {
    // A hard link to a file that the archive lacks.
    throw error instanceof NeedsParents ? invalid(error.message, error) : error;
  }
  untar.finish();
}
