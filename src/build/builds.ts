/** A build under way, as its steps see it. */
export interface RunningBuild {
  /** The client's name for it (`Ref`). */
  readonly id: string;
  /** The session that serves it. */
  readonly sessionId: string;
  /** What the client allows beyond the usual: `network.host`, `security.insecure`. */
  readonly entitlements: ReadonlySet<string>;
}

/** The builds under way, by id: a step learns from its `StepContext` which builds wait for it. */
export type RunningBuilds = ReadonlyMap<string, RunningBuild>;
