/** The kinds of problems of a data root. `docs/images.md` explains each to users. */
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

/** One problem, as an audit finds it at one moment. The caller audits twice to exclude work in progress. */
export interface Finding {
  readonly kind: FindingKind;
  /** Digest, layer, id, name or path. Kind and subject together identify a finding. */
  readonly subject: string;
  readonly problem: string;
  /** What a person can do about it. Where there is a repair: what the repair would do. */
  readonly advice: string;
  /** Absent where a person must decide. It never deletes content that something refers to. */
  readonly repair?: () => Repair | Promise<Repair>;
}

export interface Repair {
  readonly done: string;
  /** Whether the repair has solved the problem. */
  readonly isWhole: boolean;
}

export function repaired(done: string): Repair {
  return { done, isWhole: true };
}
