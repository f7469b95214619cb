/** One entry of an archive; everything but the name has a default. */
export interface TarEntry {
  readonly name: string;
  readonly type?: 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';
  /** Overrides the flag that `type` gives, for archives no sane tool writes. */
  readonly typeFlag?: string;
  readonly content?: string | Uint8Array;
  /** The size that the header claims, when it is to differ from the content's. */
  readonly size?: number;
  /** Of a link or symlink. */
  readonly target?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds. */
  readonly mtime?: number;
  readonly major?: number;
  readonly minor?: number;
  /** Extra pax records, such as `SCHILY.xattr.user.x`. */
  readonly pax?: Readonly<Record<string, string | Uint8Array>>;
}

/** The whole archive with its two closing blocks. */
export function tarArchive(entries: readonly TarEntry[]): Buffer;
/** One entry: header blocks, content, padding. */
export function tarEntry(entry: TarEntry): Buffer;
