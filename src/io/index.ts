export { release } from '../base/release.ts';
export { type ArchiveEntry, archiveEntries, entryPath } from './archive-entries.ts';
export { type AtomicFileOptions, isSpaceError, spaceError, writeFileAtomic } from './atomic-file.ts';
export { type Compression, compressionOf, decompress, detectCompression, MAGIC_LENGTH } from './compress.ts';
export { compressed, type LayerCompression } from './compressed.ts';
export { Demultiplexer } from './demultiplex.ts';
export { DetachScanner } from './detach-scanner.ts';
export { Expansion } from './expansion.ts';
export { gzipFile } from './gzip-file.ts';
export { hashFile } from './hash-file.ts';
export { namesIn, namesInSync } from './names-in.ts';
export { overwriteFile, overwriteInPlace } from './overwrite-file.ts';
export { readText } from './read-text.ts';
export {
  PLAIN_TAR_ENTRY,
  type SparseRegion,
  showName,
  type TarEntry,
  type TarEntryType,
  tarTypeOf,
} from './tar/entry.ts';
export { TAR_END, tarEntryHeader, tarPaddingBytes } from './tar/entry-header.ts';
export { BLOCK as TAR_BLOCK_BYTES, isTarHeader } from './tar/header.ts';
export { DEFAULT_TAR_LIMITS, type TarLimits } from './tar/limits.ts';
export { TarParser, type TarSink } from './tar/tar-parser.ts';
export { withoutDestroy } from './without-destroy.ts';
