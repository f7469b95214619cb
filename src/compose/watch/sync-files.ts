import { createReadStream, lstatSync, readlinkSync, type Stats } from 'node:fs';
import { createExec, type Engine, startExec, writeContainerArchive } from '../../client/index.ts';
import { PLAIN_TAR_ENTRY, TAR_END, tarEntryHeader, tarPaddingBytes } from '../../io/index.ts';
import type { ServiceSync } from './watch-work.ts';

/** Removals in one command: a command line has a limit. */
const REMOVED_AT_ONCE = 500;

/** Copies changed files into containers, and removes there what is gone here. @throws EngineError */
export async function syncFiles(engine: Engine, containers: readonly string[], { paths }: ServiceSync): Promise<void> {
  const present: PresentFile[] = [];
  const gone: string[] = [];
  for (const [file, target] of paths) {
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat === undefined) gone.push(target);
    else if (!stat.isDirectory()) present.push({ file, target, stat });
  }
  await Promise.all(
    containers.map(async (container) => {
      for (let at = 0; at < gone.length; at += REMOVED_AT_ONCE) {
        await remove(engine, container, gone.slice(at, at + REMOVED_AT_ONCE));
      }
      if (present.length > 0)
        await writeContainerArchive(engine, { container, path: '/' }, { archive: archiveOf(present) });
    }),
  );
}

interface PresentFile {
  readonly file: string;
  readonly target: string;
  readonly stat: Stats;
}

async function remove(engine: Engine, container: string, paths: readonly string[]): Promise<void> {
  const exec = await createExec(engine, container, {
    ...{ AttachStdout: true, AttachStderr: true, User: 'root' },
    Cmd: ['rm', '-rf', '--', ...paths],
  });
  const { socket } = await startExec(engine, exec, { tty: false });
  for await (const _output of socket);
}

/** Folders above the files are not in it: engines make those that are missing, and leave the others as they are. */
async function* archiveOf(files: readonly PresentFile[]): AsyncGenerator<Uint8Array> {
  for (const { file, target, stat } of files) {
    const name = inArchive(target);
    const common = {
      ...PLAIN_TAR_ENTRY,
      name,
      mode: stat.mode & 0o7777,
      mtimeSeconds: Math.floor(stat.mtimeMs / 1000),
    };
    if (stat.isSymbolicLink()) {
      yield tarEntryHeader({
        ...common,
        type: 'symlink',
        linkName: Buffer.from(readlinkSync(file)).toString('latin1'),
      });
    } else if (stat.isFile()) yield* fileEntry(file, common, stat.size);
  }
  yield TAR_END;
}

/** The bytes are as many as the header says, whatever happens to the file meanwhile. */
async function* fileEntry(file: string, entry: typeof PLAIN_TAR_ENTRY, size: number): AsyncGenerator<Uint8Array> {
  yield tarEntryHeader({ ...entry, size, fileSize: size });
  let left = size;
  if (size > 0) {
    try {
      for await (const chunk of createReadStream(file, { end: size - 1 })) {
        left -= (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    } catch {
      // It went away. Its next change says so.
    }
  }
  if (left > 0) yield Buffer.alloc(left);
  yield Buffer.alloc(tarPaddingBytes(size));
}

function inArchive(path: string): string {
  return Buffer.from(path.replace(/^\/+/, '')).toString('latin1');
}
