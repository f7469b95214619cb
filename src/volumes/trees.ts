import type { Readable } from 'node:stream';

/** Work on trees of files, off the main thread. The threads of the store do it. */
export interface VolumeTrees {
  /**
   * Copies a folder's content, and its own owner, mode and attributes, into another folder that exists. Shares blocks
   * where the file system can. `progress` gets the bytes copied so far. @throws EngineError cancelled, noSpace
   */
  copy(
    request: { readonly source: string; readonly target: string; readonly progress?: (bytes: number) => void },
    signal: AbortSignal,
  ): Promise<void>;
  /** Returns a folder with its own attributes (`./`) and its content as a plain tar. Destroy the stream to stop. */
  pack(folder: string, signal: AbortSignal): Promise<Readable>;
  /**
   * Unpacks a plain tar into an empty folder, which gets the attributes of the archive's root. The source is not
   * closed.
   * @throws EngineError invalid, tooLarge, noSpace, cancelled. Unpacked files stay
   */
  unpack(folder: string, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
  sizeBytes(path: string, signal?: AbortSignal): Promise<number>;
  /** Deletes a tree. Never leaves the file system of `path`. */
  remove(path: string): Promise<void>;
}
