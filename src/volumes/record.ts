/** The record of a volume in `state.db`. */
export interface VolumeRecord {
  readonly name: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>> | null;
  /** The plugin that has the volume. Undefined for the `local` driver. */
  readonly driver?: string;
  readonly options: Readonly<Record<string, string>> | null;
}

/** The label of volumes without a user's name. Without a filter `docker volume prune` removes only these. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';
