/** Work on trees of files, off the main thread; the stores' threads do it. */
export interface VolumeTrees {
  /** Copies a folder's content, and its own owner, mode and attributes, into another that exists. @throws EngineError cancelled, noSpace */
  copy(source: string, target: string, signal: AbortSignal): Promise<void>;
  sizeBytes(path: string): Promise<number>;
  /** Never leaves the file system that `path` is on. */
  remove(path: string): Promise<void>;
}
