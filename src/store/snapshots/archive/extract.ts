import { lstatSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { EngineError, invalid } from '../../../base/errors.ts';
import { release, TarParser } from '../../../io/index.ts';
import { enterMounts, enterRoot, toBytePath } from '../../../linux/index.ts';
import { Untar } from '../untar/untar.ts';
import { NeedsParents } from '../untar/untar-errors.ts';
import { pathError } from './path-stat.ts';
import { type ExtractOptions, type FileView, mountAt } from './view.ts';

/**
 * Unpacks an archive into a directory of a container. The thread is confined to the container's root meanwhile: neither
 * names in the archive nor processes in the container can make it reach files of the host.
 * @throws EngineError notFound, also for the target of a hard link; invalid when the path is not a directory or the
 * archive is broken; forbidden where it is read-only. Files that were unpacked before an error stay
 */
export function extract(
  view: FileView,
  path: string,
  input: { readonly options: ExtractOptions; readonly next: () => Buffer | undefined },
): void {
  using _mounts = enterMounts(view.root, view.mounts);
  using _root = enterRoot(view.root);
  const place = resolvePlace(path);
  checkWritable(view, place);
  const checkLinked = (directory: string): void => checkWritable(view, directory);
  using untar = new Untar('plain', { ...input.options, base: toBytePath(place), checkLinked });
  const parser = new TarParser(untar);
  try {
    for (let chunk = input.next(); chunk !== undefined; chunk = input.next()) {
      parser.write(chunk);
      release(chunk);
    }
    parser.finish();
  } catch (error) {
    // A hard link to a file that is neither in the archive nor in the container.
    throw error instanceof NeedsParents ? new EngineError('notFound', error.message, { cause: error }) : error;
  }
  untar.finish();
}

function resolvePlace(path: string): string {
  try {
    const place = realpathSync(posix.resolve('/', path));
    if (!lstatSync(place).isDirectory()) throw invalid('extraction point is not a directory');
    return place;
  } catch (error) {
    throw pathError(error, path);
  }
}

function checkWritable(view: FileView, place: string): void {
  const mount = mountAt(view, place);
  if (mount?.readOnly === true) throw new EngineError('forbidden', 'mounted volume is marked read-only');
  if (mount === undefined && view.readOnlyRoot)
    throw new EngineError('forbidden', 'container rootfs is marked read-only');
}
