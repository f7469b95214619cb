export { type ArchiveEntry, archiveEntries, entryPath } from './archive-entries.ts';
export { type AtomicFileOptions, spaceError, syncFolder, writeFileAtomic } from './atomic-file.ts';
export { borrowStream } from './borrow.ts';
export { type Compression, type DecompressLimits, decompress, detectCompression, MAGIC_LENGTH } from './compress.ts';
export { type SparseRegion, showName, type TarEntry, type TarEntryType } from './tar/entry.ts';
export { DEFAULT_TAR_LIMITS, type TarLimits } from './tar/limits.ts';
export { TarParser, type TarSink } from './tar/tar-parser.ts';
export { type PlainTarEntry, TAR_END, tarHeader, tarPadding } from './tar/write-header.ts';
