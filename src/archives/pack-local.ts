import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { errnoOf, invalid } from '../base/errors.ts';
import {
  PLAIN_TAR_ENTRY,
  type TarEntry,
  type TarEntryType,
  tarEntryHeader,
  tarPaddingBytes,
  tarTypeOf,
} from '../io/index.ts';
import { CAPABILITY, type CopyPlan, renamed, splitPath } from './copy-plan.ts';
import { goText } from './local-paths.ts';

const CHUNK = 256 << 10;
const SECOND = 1_000_000_000n;
const NOTHING = Buffer.alloc(0);

/**
 * Yields a local file or directory as a tar, read at the consumer's pace. Owners, modes, times, hard links and
 * capabilities are kept, symlinks are not followed, and sockets are omitted. @throws EngineError for a file that cannot
 * be read
 */
export function* packLocal(
  path: string,
  rebaseName: string | undefined,
  plan: CopyPlan,
  capabilityOf: CapabilityOf = () => undefined,
): Generator<Buffer> {
  const [folder, base] = splitPath(path);
  const root = Buffer.from(base === '.' ? folder : path.replace(/(?<=.)\/+$/, ''));
  let chunk = Buffer.allocUnsafe(CHUNK);
  let length = 0;
  // Small pieces are joined, since each chunk costs a system call.
  for (const piece of new Packing(plan, capabilityOf).entry(root, Buffer.from(rebaseName ?? base).toString('latin1'))) {
    for (let at = 0; at < piece.length; ) {
      const copied = piece.copy(chunk, length, at);
      length += copied;
      at += copied;
      if (length < CHUNK) continue;
      yield chunk;
      chunk = Buffer.allocUnsafe(CHUNK);
      length = 0;
    }
  }
  yield Buffer.concat([chunk.subarray(0, length), Buffer.alloc(1024)]);
}

/** Returns the value of a file's {@link CAPABILITY}. */
export type CapabilityOf = (path: Buffer) => Buffer | undefined;

class Packing {
  readonly #plan: CopyPlan;
  readonly #capabilityOf: CapabilityOf;
  /** The first name of each file with several links. */
  readonly #linked = new Map<string, string>();
  readonly #buffer = Buffer.allocUnsafe(CHUNK);

  constructor(plan: CopyPlan, capabilityOf: CapabilityOf) {
    this.#plan = plan;
    this.#capabilityOf = capabilityOf;
  }

  /** Each piece is valid until the next one is requested. */
  *entry(at: Buffer, as: string): Generator<Buffer> {
    const stat = statOf(at);
    const type = stat === undefined ? undefined : tarTypeOf(stat);
    if (stat === undefined || type === undefined) return;
    const about = entryOf(renamed(as, this.#plan), type, stat);
    if (type === 'file') {
      const first = this.#firstName(stat, as);
      if (first !== undefined) yield tarEntryHeader({ ...about, type: 'link', linkName: renamed(first, this.#plan) });
      else yield* this.#content(at, about);
    } else if (type === 'symlink') yield tarEntryHeader({ ...about, linkName: readlinkSync(at, 'latin1') });
    else yield tarEntryHeader(about);
    if (type !== 'directory') return;
    for (const child of childrenOf(at)) {
      const path = Buffer.concat([at, Buffer.from('/'), Buffer.from(child, 'latin1')]);
      yield* this.entry(path, `${as === '/' ? '' : as}/${child}`);
    }
  }

  #firstName(stat: BigIntStats, name: string): string | undefined {
    if (stat.nlink === 1n) return undefined;
    const identity = `${stat.dev}:${stat.ino}`;
    const first = this.#linked.get(identity);
    if (first === undefined) this.#linked.set(identity, name);
    return first;
  }

  /**
   * A header, the bytes, and the padding of the last block. If the file shrinks during the read, zeros fill the rest.
   */
  *#content(path: Buffer, about: TarEntry): Generator<Buffer> {
    const file = openFile(path);
    try {
      const { size } = fstatSync(file);
      const capability = this.#capabilityOf(path);
      const xattrs = capability === undefined ? undefined : new Map([[CAPABILITY, capability]]);
      yield tarEntryHeader({ ...about, size, fileSize: size, xattrs });
      for (let at = 0; at < size; ) {
        const wanted = Math.min(CHUNK, size - at);
        const got = readSync(file, this.#buffer, 0, wanted, at);
        if (got === 0) this.#buffer.fill(0);
        const piece = this.#buffer.subarray(0, got === 0 ? wanted : got);
        at += piece.length;
        yield piece;
      }
      const padding = tarPaddingBytes(size);
      yield padding === 0 ? NOTHING : Buffer.alloc(padding);
    } finally {
      closeSync(file);
    }
  }
}

function openFile(path: Buffer): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw invalid(goText('open', path.toString(), error), error);
  }
}

/** Undefined if the file was deleted in the meantime. */
function statOf(path: Buffer): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw invalid(goText('lstat', path.toString(), error), error);
  }
}

function childrenOf(path: Buffer): readonly string[] {
  try {
    return (readdirSync(path, 'latin1') as string[]).sort();
  } catch (error) {
    throw invalid(goText('open', path.toString(), error), error);
  }
}

function entryOf(name: string, type: TarEntryType, stat: BigIntStats): TarEntry {
  const isDevice = type === 'character' || type === 'block';
  const rest = ((stat.mtimeNs % SECOND) + SECOND) % SECOND;
  return {
    ...PLAIN_TAR_ENTRY,
    name: type === 'directory' && !name.endsWith('/') ? `${name}/` : name,
    type,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeSeconds: Number((stat.mtimeNs - rest) / SECOND),
    deviceMajor: isDevice ? Number((stat.rdev >> 8n) & 0xfffn) : 0,
    deviceMinor: isDevice ? Number((stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xfff00n)) : 0,
  };
}
