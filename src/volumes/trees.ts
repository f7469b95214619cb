/** Work on trees of files, off the main thread. The threads of the store do it. */
export interface VolumeTrees {
  /**
   * Copies a folder's content, and its own owner, mode and attributes, into another folder that exists. @throws
   * EngineError cancelled, noSpace
   */
  copy(source: string, target: string, signal: AbortSignal): Promise<void>;
  sizeBytes(path: string): Promise<number>;
  /** Deletes a tree. Never leaves the file system of `path`. */
  remove(path: string): Promise<void>;
}
