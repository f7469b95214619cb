/** What `state.db` keeps of a volume. */
export interface VolumeRecord {
  readonly name: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly options: Readonly<Record<string, string>> | null;
  /** Set before its folder moves away: a removal that a crash interrupts is finished at the next start. */
  readonly removing?: boolean;
}

/** Marks volumes that nobody named; `docker volume prune` takes only these unless told otherwise. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';
