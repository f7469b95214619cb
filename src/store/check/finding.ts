/** What can be wrong with a data root. `docs/images.md` tells users of each. */
export type FindingKind =
  | 'database-damaged'
  | 'blob-corrupt'
  | 'blob-missing'
  | 'blob-size'
  | 'blob-unused'
  | 'index-broken'
  | 'index-stale'
  | 'record-disagrees'
  | 'layer-missing'
  | 'layer-damaged'
  | 'layer-unused'
  | 'root-missing'
  | 'root-unknown'
  | 'mount-missing'
  | 'mount-unknown'
  | 'folder-missing'
  | 'folder-unknown'
  | 'leftover'
  | 'file-unknown';

/** One thing that is wrong, as an audit sees it at one moment: what still changes is looked at twice by the caller. */
export interface Finding {
  readonly kind: FindingKind;
  /** Digest, layer, id, name or path. With the kind it tells a finding from all others. */
  readonly subject: string;
  readonly problem: string;
  /** What a person can do about it; with a repair, what that would do. */
  readonly advice: string;
  /** Absent where only a person can decide. Never deletes content that something refers to. */
  readonly repair?: () => Repair | Promise<Repair>;
}

export interface Repair {
  readonly done: string;
  /** Whether nothing is left to be done. */
  readonly isWhole: boolean;
}

export function repaired(done: string): Repair {
  return { done, isWhole: true };
}
