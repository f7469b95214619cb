import { isUtf8 } from 'node:buffer';
import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { invalid } from '../../../base/errors.ts';
import type { Init } from '../../../grpc/index.ts';
import type { stat } from '../../../grpc/messages/fsutil.ts';
import { toGoMode } from '../../../spec/index.ts';
import type { Verdict } from './path-choice.ts';

export interface ListedEntry {
  /** Path on this machine. */
  readonly at: string;
  readonly isFile: boolean;
  readonly stat: Init<typeof stat>;
}

interface Place {
  readonly path: string;
  readonly at: string;
  readonly found: BigIntStats;
}

/**
 * Lists the chosen entries of a directory in fsutil's order: each directory before what it contains, names by their bytes.
 * Owners are 0:0. Synchronous, since that is the fastest; it yields after each entry.
 * @throws EngineError invalid for a chosen name that is not UTF-8
 */
export function* listTree(root: string, choice: (path: string) => Verdict): Generator<ListedEntry> {
  const links = new Map<string, string>();
  /** Directories that come only if something in them does. */
  const pending: Place[] = [];
  const describe = (place: Place): ListedEntry | undefined => describeEntry(place, links);
  function* walk(directory: string, at: string): Generator<ListedEntry> {
    for (const bytes of readdirSync(at, 'buffer').sort(Buffer.compare)) {
      const name = bytes.toString();
      const path = directory === '' ? name : `${directory}/${name}`;
      const verdict = choice(path);
      if (verdict === 'no') continue;
      if (!isUtf8(bytes)) {
        // Packets hold names as text. What is not wanted may have any name.
        if (verdict === 'partly' && !isDirectoryAt(Buffer.concat([Buffer.from(`${at}/`), bytes]))) continue;
        throw invalid(`a file name in ${JSON.stringify(directory)} is not UTF-8: ${JSON.stringify(name)}`);
      }
      const found = lstatSync(`${at}/${name}`, { bigint: true, throwIfNoEntry: false });
      if (found === undefined) continue;
      const place = { path, at: `${at}/${name}`, found };
      const isDirectory = found.isDirectory();
      if (verdict === 'yes') {
        for (const parent of [...pending.splice(0), place]) {
          const entry = describe(parent);
          if (entry !== undefined) yield entry;
        }
      } else if (isDirectory) pending.push(place);
      if (!isDirectory) continue;
      yield* walk(path, place.at);
      if (pending.at(-1) === place) pending.pop();
    }
  }
  yield* walk('', root);
}

function isDirectoryAt(path: Buffer): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Undefined for a socket. */
function describeEntry({ path, at, found }: Place, links: Map<string, string>): ListedEntry | undefined {
  const mode = toGoMode(Number(found.mode));
  if (mode === undefined) return undefined;
  const linked = linkOf(path, found, links);
  const isFile = found.isFile() && linked === undefined;
  const isDevice = found.isBlockDevice() || found.isCharacterDevice();
  const device = Number(found.rdev);
  return {
    at,
    isFile,
    stat: {
      path,
      mode,
      size: isFile ? Number(found.size) : 0,
      modTime: found.mtimeNs,
      linkname: found.isSymbolicLink() ? readlinkSync(at) : (linked ?? ''),
      // As makedev(3) of Linux.
      devmajor: isDevice ? (device >>> 8) & 0xfff : 0,
      devminor: isDevice ? (device & 0xff) | ((device >>> 12) & 0xfff00) : 0,
    },
  };
}

/** The path under which a file with several names was listed before. */
function linkOf(path: string, found: BigIntStats, links: Map<string, string>): string | undefined {
  if (!found.isFile() || found.nlink < 2n) return undefined;
  const key = `${found.dev}:${found.ino}`;
  const known = links.get(key);
  if (known === undefined) links.set(key, path);
  return known;
}
