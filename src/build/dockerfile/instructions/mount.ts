export type MountType = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
export type CacheSharing = 'shared' | 'private' | 'locked';

/** `RUN --mount`. What is undefined is not given; the defaults depend on the type. */
export interface Mount {
  readonly type: MountType;
  /** A stage, a named context or an image. */
  readonly from?: string;
  readonly source?: string;
  /** A path. A relative one is below the working directory. */
  readonly target?: string;
  readonly isReadOnly: boolean;
  /** Of a cache, a secret, or a client's ssh agent. */
  readonly id?: string;
  readonly sharing?: CacheSharing;
  readonly isRequired?: boolean;
  /** Of a tmpfs. */
  readonly sizeBytes?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** The variable that gets a secret's value. */
  readonly env?: string;
}

/** What an option of a mount sets. */
export type MountChange = { readonly [Key in keyof Mount]?: Mount[Key] };
