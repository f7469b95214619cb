import { type BigIntStats, constants, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { errnoOf } from '../../base/errors.ts';
import { type TarEntry, type TarEntryType, tarEntryHeader, tarPaddingBytes } from '../../io/index.ts';
import { CliError } from '../errors.ts';
import { type CopyPlan, renamed, splitPath } from './copy-plan.ts';
import { goText } from './local-paths.ts';

const CHUNK = 256 << 10;
const SECOND = 1_000_000_000n;

/**
 * A local file or directory as a tar, read as it is taken: owners, modes and times as they are, hard links kept, symlinks not
 * followed, sockets left out. @throws CliError for what cannot be read
 */
export async function* packLocal(path: string, rebaseName: string | undefined, plan: CopyPlan): AsyncGenerator<Buffer> {
  const [folder, base] = splitPath(path);
  const linked = new Map<string, string>();
  const name = (inArchive: string): string => renamed(inArchive, plan);
  const root = Buffer.from(base === '.' ? folder : path.replace(/(?<=.)\/+$/, ''));
  yield* entry(root, Buffer.from(rebaseName ?? base).toString('latin1'));
  yield Buffer.alloc(1024);

  async function* entry(at: Buffer, as: string): AsyncGenerator<Buffer> {
    const stat = statOf(at);
    const type = stat === undefined ? undefined : typeOf(stat);
    if (stat === undefined || type === undefined) return;
    const about = entryOf(name(as), type, stat);
    if (type === 'file') {
      const identity = `${stat.dev}:${stat.ino}`;
      const first = stat.nlink > 1n ? linked.get(identity) : undefined;
      if (first !== undefined) {
        yield tarEntryHeader({ ...about, type: 'link', linkName: name(first) });
        return;
      }
      linked.set(identity, as);
      yield* content(at, about);
    } else if (type === 'symlink') yield tarEntryHeader({ ...about, linkName: readlinkSync(at, 'latin1') });
    else yield tarEntryHeader(about);
    if (type !== 'directory') return;
    for (const child of childrenOf(at)) {
      yield* entry(
        Buffer.concat([at, Buffer.from('/'), Buffer.from(child, 'latin1')]),
        `${as === '/' ? '' : as}/${child}`,
      );
    }
  }
}

/** A header, the bytes and what fills the last block. What a file lost meanwhile becomes zeros. */
async function* content(path: Buffer, about: TarEntry): AsyncGenerator<Buffer> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    throw new CliError(1, goText('open', path.toString(), error), { cause: error });
  });
  const { size } = await file.stat();
  yield tarEntryHeader({ ...about, size, fileSize: size });
  for (let at = 0; at < size; ) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) buffer.fill(0);
    const length = bytesRead === 0 ? buffer.length : bytesRead;
    at += length;
    yield buffer.subarray(0, length);
  }
  yield Buffer.alloc(tarPaddingBytes(size));
}

/** Undefined when it has gone meanwhile. */
function statOf(path: Buffer): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new CliError(1, goText('lstat', path.toString(), error), { cause: error });
  }
}

function childrenOf(path: Buffer): readonly string[] {
  try {
    return (readdirSync(path, 'latin1') as string[]).sort();
  } catch (error) {
    throw new CliError(1, goText('open', path.toString(), error), { cause: error });
  }
}

function typeOf(stat: BigIntStats): TarEntryType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : undefined;
}

function entryOf(name: string, type: TarEntryType, stat: BigIntStats): TarEntry {
  const isDevice = type === 'character' || type === 'block';
  const rest = ((stat.mtimeNs % SECOND) + SECOND) % SECOND;
  return {
    name: type === 'directory' && !name.endsWith('/') ? `${name}/` : name,
    type,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: 0,
    fileSize: 0,
    sparse: undefined,
    mtimeSeconds: Number((stat.mtimeNs - rest) / SECOND),
    mtimeNanos: 0,
    linkName: '',
    deviceMajor: isDevice ? Number((stat.rdev >> 8n) & 0xfffn) : 0,
    deviceMinor: isDevice ? Number((stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xfff00n)) : 0,
    xattrs: undefined,
  };
}
