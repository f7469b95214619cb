import type { LlbSource } from '../llb/index.ts';
import type { FrontendBridge, FrontendRequest } from './bridge.ts';
import type { BuildContext } from './build-context.ts';
import type { DockerfileOptions } from './options.ts';

/** One request with all that was read for it. */
export interface FrontendBuild {
  readonly request: FrontendRequest;
  readonly bridge: FrontendBridge;
  readonly options: DockerfileOptions;
  readonly context: BuildContext;
  /** The Dockerfile. */
  readonly source: LlbSource;
  readonly mergesLinks: boolean;
}
