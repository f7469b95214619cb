export { type ArchiveEntry, archiveEntries, entryPath } from './archive-entries.ts';
export { type AtomicFileOptions, spaceError, syncFolder, writeFileAtomic } from './atomic-file.ts';
export { borrowStream } from './borrow.ts';
export { type Compression, type DecompressLimits, decompress, detectCompression, MAGIC_LENGTH } from './compress.ts';
