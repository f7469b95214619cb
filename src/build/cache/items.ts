/** BuildKit's types of records. */
export type ItemType = 'regular' | 'source.local' | 'exec.cachemount' | 'source.git.checkout' | 'internal' | 'frontend';

export interface CacheItem {
  readonly id: string;
  readonly type: ItemType;
  readonly description: string;
  /** Ids of the items that it was made from. */
  readonly parents: readonly string[];
  /** Bytes of what it has and its parents do not. */
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly useCount: number;
  /** Whether a build is using it. */
  readonly isInUse: boolean;
  /** Whether an image has it too. */
  readonly isShared: boolean;
  /** Whether steps may change it. */
  readonly isMutable: boolean;
}

/** Kept content of one kind. */
export interface ItemStore {
  items(signal: AbortSignal): Promise<readonly CacheItem[]>;
  /** Removes an item unless it is in use. Returns whether it did. */
  remove(id: string): Promise<boolean>;
}
