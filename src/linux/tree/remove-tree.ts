import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { rmdir, unlink } from 'node:fs/promises';
import { constants as os } from 'node:os';
import koffi from 'koffi';
import { EngineError, errnoOf } from '../../base/errors.ts';
import { libc } from '../libc.ts';
import { descriptorPath, O_PATH, openat2, RESOLVE } from '../openat2.ts';
import { SyscallError } from '../syscall-error.ts';
import { type DirectoryEntry, readEntries } from './read-entries.ts';

const unlinkat = libc.func('unlinkat', 'int', ['int', 'uint8_t *', 'int']);
const AT_REMOVEDIR = 0x200;
const { EBUSY, EISDIR, ENOENT } = os.errno;
const SLASH = 0x2f;

/**
 * Most directories that a walk keeps open: those above are opened again on the way back, so that a tree may have any
 * depth.
 */
const OPEN_AT_MOST = 64;

/**
 * Removes a file or a tree. Blocks. No other code of the engine deletes trees.
 *
 * The walk uses descriptors: it follows no symlink below the path's last component, and reaches nothing through a name
 * that is replaced meanwhile. It enters no mount, not even a bind mount of the same file system: a mount point and the
 * directories above it stay, the rest is removed, and then the call fails with EBUSY. A missing path is success.
 *
 * The kernel does not show mounts of other namespaces, and `rmdir` of their mount point detaches them. So pass only a
 * path that the engine made, and never the root of a running container.
 * @throws {SyscallError} EBUSY and names the mount point; any other error ends the walk. EngineError cancelled: the rest
 * stays
 */
export function removeTree(path: string | Buffer, cancelled: () => boolean = () => false): void {
  const steps = removal(path);
  for (let step = steps.next(); step.done !== true; ) {
    if (cancelled()) {
      steps.return();
      throw new EngineError('cancelled', 'the removal was cancelled');
    }
    const { directory, name, flags } = step.value;
    step = steps.next(unlinkat(directory, name, flags) === 0 ? 0 : koffi.errno());
  }
}

/**
 * {@link removeTree} with deletions in threads of Node's pool, since large files take long. For the main thread: it
 * needs /proc.
 */
export async function removeTreeSlowly(path: string | Buffer): Promise<void> {
  const steps = removal(path);
  for (let step = steps.next(); step.done !== true; ) {
    const errno = await unlinkSlowly(step.value);
    step = steps.next(errno);
  }
}

/** A name to delete in an open directory. Whoever deletes it passes the errno to `next`, 0 for success. */
interface Unlink {
  readonly directory: number;
  readonly name: Buffer;
  readonly flags: 0 | typeof AT_REMOVEDIR;
}

type Removal = Generator<Unlink, void, number>;

async function unlinkSlowly({ directory, name, flags }: Unlink): Promise<number> {
  const path = Buffer.concat([Buffer.from(`${descriptorPath(directory)}/`), name.subarray(0, -1)]);
  try {
    await (flags === AT_REMOVEDIR ? rmdir(path) : unlink(path));
    return 0;
  } catch (error) {
    if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') return -error.errno;
    throw error;
  }
}

function* removal(path: string | Buffer): Removal {
  const { parent, name } = split(path);
  let descriptor: number;
  try {
    descriptor = openSync(parent, O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  using walk = new Walk(descriptor, { name, isDirectory: undefined });
  yield* walk.steps();
  if (walk.refused !== undefined) throw new SyscallError('remove', EBUSY, `${parent}/${walk.refused}`);
}

function split(path: string | Buffer): { readonly parent: Buffer; readonly name: Buffer } {
  const bytes = Buffer.from(path);
  const slash = bytes.lastIndexOf(SLASH);
  const name = bytes.subarray(slash + 1);
  if (bytes[0] !== SLASH || ['', '.', '..'].includes(name.toString('latin1')) || bytes.includes(0))
    throw new TypeError(`not the absolute path of a tree to remove: ${bytes}`);
  return { parent: bytes.subarray(0, Math.max(slash, 1)), name: Buffer.concat([name, Buffer.of(0)]) };
}

/** A directory between the top and the current position of the walk. */
interface Level {
  readonly name: Buffer;
  readonly device: bigint;
  readonly inode: bigint;
  readonly left: DirectoryEntry[];
  descriptor: number | undefined;
  /** Whether it contains a mount point, at any depth. */
  stays: boolean;
}

class Walk implements Disposable {
  readonly #levels: Level[];
  /** The first mount point, as a path from the parent of the tree. */
  refused: string | undefined;

  constructor(parent: number, top: DirectoryEntry) {
    this.#levels = [level(parent, Buffer.of(0), [top])];
  }

  *steps(): Removal {
    for (let at = this.#levels.at(-1); at !== undefined; at = this.#levels.at(-1)) {
      const entry = at.left.pop();
      if (entry === undefined) yield* this.#leave(at);
      else if (entry.isDirectory === true || !(yield* this.#unlink(at, entry))) this.#enter(at, entry);
    }
  }

  /** Deletes an entry. Returns false when it is a directory. */
  *#unlink(at: Level, { name }: DirectoryEntry): Generator<Unlink, boolean, number> {
    const errno = yield { directory: at.descriptor as number, name, flags: 0 };
    if (errno === 0 || errno === ENOENT) return true;
    if (errno === EISDIR) return false;
    if (errno !== EBUSY) throw new SyscallError('unlinkat', errno, this.#show(name));
    this.#refuse(at, name);
    return true;
  }

  #enter(at: Level, { name }: DirectoryEntry): void {
    const descriptor = this.#open(at, name);
    if (descriptor === undefined) return;
    const next = level(descriptor, name, []);
    if (next.device !== at.device && this.#levels.length > 1) {
      closeSync(descriptor);
      this.#refuse(at, name);
      return;
    }
    this.#levels.push(next);
    next.left.push(...readEntries(descriptor));
    const far = this.#levels.at(-1 - OPEN_AT_MOST);
    if (far?.descriptor !== undefined) close(far);
  }

  /** Undefined when it has vanished, or is a mount point. */
  #open(at: Level, name: Buffer): number | undefined {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const resolve = RESOLVE.BENEATH | RESOLVE.NO_XDEV | RESOLVE.NO_SYMLINKS;
    try {
      return openat2(at.descriptor as number, name.subarray(0, -1), { flags, resolve });
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT') return undefined;
      if (code !== 'EXDEV') throw error;
      this.#refuse(at, name);
      return undefined;
    }
  }

  *#leave(done: Level): Removal {
    const above = this.#levels.at(-2);
    if (above !== undefined) {
      if (above.descriptor === undefined) this.#openAgain(above, done);
      if (done.stays) above.stays = true;
      else {
        const errno = yield { directory: above.descriptor as number, name: done.name, flags: AT_REMOVEDIR };
        if (errno === EBUSY) this.#refuse(above, done.name);
        else if (errno !== 0 && errno !== ENOENT) throw new SyscallError('rmdir', errno, this.#show());
      }
    }
    this.#levels.pop();
    close(done);
  }

  /** Opens the parent by `..`. It must be the directory from which the walk came. */
  #openAgain(above: Level, below: Level): void {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY;
    const descriptor = openat2(below.descriptor as number, '..', { flags, resolve: RESOLVE.NO_XDEV });
    above.descriptor = descriptor;
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    if (dev !== above.device || ino !== above.inode) throw new SyscallError('remove', EBUSY, this.#show());
  }

  #refuse(at: Level, name: Buffer): void {
    at.stays = true;
    this.refused ??= this.#show(name);
  }

  /** The path of the current directory, or of an entry in it, from the parent of the tree. */
  #show(name?: Buffer): string {
    const names = this.#levels.slice(1).map((one) => one.name);
    return [...names, ...(name === undefined ? [] : [name])]
      .map((bytes) => bytes.toString('utf8', 0, bytes.length - 1))
      .join('/');
  }

  [Symbol.dispose](): void {
    for (const one of this.#levels) close(one);
  }
}

/** Takes over the descriptor. */
function level(descriptor: number, name: Buffer, left: DirectoryEntry[]): Level {
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  return { name, device: dev, inode: ino, left, descriptor, stays: false };
}

function close(level: Level): void {
  if (level.descriptor !== undefined) closeSync(level.descriptor);
  level.descriptor = undefined;
}
