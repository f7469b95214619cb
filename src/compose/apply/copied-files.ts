import { type Engine, writeContainerArchive } from '../../client/index.ts';
import { PLAIN_TAR_ENTRY, TAR_END, tarEntryHeader, tarPaddingBytes } from '../../io/index.ts';
import type { Project, Service } from '../model/index.ts';
import { type CopiedFile, isMountedFile, mountedFiles } from '../plan/index.ts';

/**
 * Writes the secrets and configs of a service that are no files of the host into a container, before it starts.
 * @throws EngineError
 */
export async function writeCopiedFiles(
  engine: Engine,
  { project, service }: { readonly project: Project; readonly service: Service },
  container: string,
): Promise<void> {
  const files = mountedFiles(project, service).filter((file): file is CopiedFile => !isMountedFile(file));
  if (files.length === 0) return;
  await writeContainerArchive(engine, { container, path: '/' }, { archive: copiedFiles(files) });
}

/** A tar of files with their paths in a container. */
async function* copiedFiles(files: readonly CopiedFile[]): AsyncGenerator<Uint8Array> {
  const mtimeSeconds = Math.floor(Date.now() / 1000);
  for (const { path, content, mode, uid, gid } of files) {
    const bytes = Buffer.from(content);
    const name = Buffer.from(path.replace(/^\/+/, '')).toString('latin1');
    const entry = {
      ...PLAIN_TAR_ENTRY,
      name,
      mode,
      uid,
      gid,
      mtimeSeconds,
      size: bytes.length,
      fileSize: bytes.length,
    };
    yield tarEntryHeader(entry);
    yield bytes;
    yield Buffer.alloc(tarPaddingBytes(bytes.length));
  }
  yield TAR_END;
}
