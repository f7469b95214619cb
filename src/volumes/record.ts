/** What `state.db` keeps of a volume. */
export interface VolumeRecord {
  readonly name: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly options: Readonly<Record<string, string>> | null;
}

/** Marks volumes without a name of the user's; `docker volume prune` takes only these unless told otherwise. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';
