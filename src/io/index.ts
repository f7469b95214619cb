export { type AtomicFileOptions, spaceError, syncFolder, writeFileAtomic } from './atomic-file.ts';
export { type Compression, type DecompressLimits, decompress, detectCompression, MAGIC_LENGTH } from './compress.ts';
