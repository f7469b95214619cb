import type {
  ContainerConfig,
  EndpointSettings,
  HostConfig,
  Platform,
  Resources,
  RestartPolicy,
} from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import type { CreateVolume } from '../../volumes/index.ts';
import type { MountRecord } from '../model/record.ts';
import type { CreateContainer } from '../model/requests.ts';

/** What is decided about a container before anything is made: the request over the image over the defaults, validated. */
export interface ContainerPlan {
  readonly image: StoredImage;
  readonly path: string;
  readonly args: readonly string[];
  readonly config: ContainerConfig;
  /** Undefined for the default, the short id. */
  readonly hostname: string | undefined;
  readonly hostConfig: HostConfig;
  readonly networks: Readonly<Record<string, EndpointSettings>>;
  readonly mounts: readonly PlannedMount[];
  readonly platform: Platform;
  readonly warnings: readonly string[];
}

/** A mount, and the volume to be made (or found) for it; '' names none yet. */
export interface PlannedMount {
  readonly mount: MountRecord;
  readonly volume?: CreateVolume;
}

export type ResourceChange = Resources & { readonly RestartPolicy?: RestartPolicy };

/** Decides; touches nothing. */
export interface Planner {
  /** @throws EngineError notFound `No such image: x`; invalid, conflict, as dockerd words them */
  plan(request: CreateContainer): ContainerPlan;
  /** New limits of a container: without what this host cannot limit. @throws EngineError invalid */
  checkUpdate<T extends ResourceChange>(change: T): { readonly resources: T; readonly warnings: readonly string[] };
  /** `adjective_surname`, with a digit from the sixth retry on. */
  randomName(retry: number): string;
}
