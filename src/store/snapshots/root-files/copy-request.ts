import type { PathSelection } from './path-selection.ts';

export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** A copy from one root into another, as COPY makes it. Roots are paths on the host. */
export interface CopyRequest {
  readonly source: string;
  readonly from: PathSelection;
  readonly target: string;
  /**
   * Place in the target. Symlinks are followed. With a slash at its end, or where a directory is, the copies go into it
   * by their names; otherwise the copy has this path.
   */
  readonly to: string;
  /** Whether the content of a selected directory is copied, instead of the directory. */
  readonly copiesContent?: boolean;
  /**
   * Whether the copy keeps the directories above a selected path: those behind a `/./` in the selection's path, or all.
   */
  readonly keepsParents?: boolean;
  /** Whether missing directories above the place are made, with mode 0755 or the octal `mode`. Otherwise they are an error. */
  readonly makesParents?: boolean;
  /** Of everything that is made. Default: as in the source; 0:0 for directories above the place. */
  readonly owner?: FileOwner;
  /** Whether files of an unpacked archive keep its owners although there is `owner`. */
  readonly keepsArchiveOwner?: boolean;
  /** Whether files lose the bits for set-user-ID and set-group-ID, as by chown(2). */
  readonly dropsSetIds?: boolean;
  /** Mode of everything but symlinks, as chmod(1) takes it. Default: as in the source. */
  readonly mode?: string;
  /** Time of everything that is made, in seconds since the epoch. Default: as in the source. */
  readonly timeSeconds?: number;
  /** Whether a file is replaced by a directory, and a directory by a file. Otherwise that is an error. */
  readonly replacesKinds?: boolean;
  /** Whether a pattern may match nothing. */
  readonly mayBeEmpty?: boolean;
}
