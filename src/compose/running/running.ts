/** What an engine has of a project: read once, before anything is decided. */
export interface Running {
  /** Containers of the project, in the order of their services and numbers. Those of `compose run` are among them. */
  readonly containers: readonly RunningContainer[];
  /** All networks of the engine, by name: a project may use those of others. Names need not be unique. */
  readonly networks: readonly RunningNetwork[];
  readonly volumes: ReadonlyMap<string, RunningVolume>;
  /** Ids of images, by the names that services give them. */
  readonly images: ReadonlyMap<string, RunningImage>;
}

export interface RunningContainer {
  readonly id: string;
  /** Without a slash. */
  readonly name: string;
  readonly service: string;
  /** 1 for the first container of a service. 0 when its label is not a number. */
  readonly number: number;
  readonly isOneOff: boolean;
  readonly state: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Ids of the networks that it is connected to. */
  readonly networkIds: readonly string[];
  readonly mounts: readonly RunningMount[];
}

export interface RunningMount {
  /** `volume`, `bind`, `tmpfs`, `image`. */
  readonly type: string;
  /** Of a volume. */
  readonly name: string;
  readonly target: string;
}

export interface RunningNetwork {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface RunningVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface RunningImage {
  readonly id: string;
  /** Folders for which a container of it gets an anonymous volume. */
  readonly volumes: readonly string[];
  /** When it got a name last, in seconds since the epoch. 0 when the engine does not know. */
  readonly taggedSeconds?: number;
}
