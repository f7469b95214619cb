import type { RunningBuilds } from '../../builds.ts';
import type { LlbNode } from '../../llb/graph.ts';
import type { BuildPorts } from '../../ports.ts';
import type { Sessions } from '../../session/index.ts';
import type { ContextFolders } from './local/context-folders.ts';

/** What sources need. */
export interface SourceDeps {
  readonly ports: BuildPorts;
  readonly sessions: Sessions;
  readonly builds: RunningBuilds;
  readonly contexts: ContextFolders;
}

/** A source op of a graph, taken apart. */
export interface Source {
  /** With its scheme. */
  readonly identifier: string;
  /** The identifier without its scheme, such as `docker.io/library/busybox:1` or `context`. */
  readonly name: string;
  readonly attrs: ReadonlyMap<string, string>;
  readonly platform: LlbNode['op']['platform'];
}
