import type { Expander } from '../../dockerfile/index.ts';
import type { BuildArgs } from '../build-args.ts';
import type { BuildOutput } from '../build-output.ts';
import type { BuildContext } from '../context/build-context.ts';
import type { ClassicPorts } from '../ports.ts';
import type { ClassicRequest } from '../request.ts';
import type { StageImages } from '../stages/stage-images.ts';
import type { StepCache } from '../step-cache.ts';
import type { StepContainers } from './step-containers.ts';

/** What the steps of a build work with. */
export interface StepContext {
  readonly ports: ClassicPorts;
  readonly request: ClassicRequest;
  readonly output: BuildOutput;
  readonly args: BuildArgs;
  readonly cache: StepCache;
  readonly expander: Expander;
  readonly context: BuildContext;
  readonly stages: StageImages;
  readonly containers: StepContainers;
  readonly signal: AbortSignal;
}
