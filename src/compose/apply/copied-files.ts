import { PLAIN_TAR_ENTRY, TAR_END, tarEntryHeader, tarPaddingBytes } from '../../io/index.ts';
import type { CopiedFile } from '../plan/index.ts';

/** A tar of files with their paths in a container. */
export async function* copiedFiles(files: readonly CopiedFile[]): AsyncGenerator<Uint8Array> {
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
