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
import type { MountRecord } from './record.ts';
import type { CreateContainer } from './requests.ts';

/**
 * The plan of a container, made before anything is created. It is the validated request, merged over the image's
 * config, with defaults.
 */
export interface ContainerPlan {
  /** Undefined for a container without an image, whose root is empty. */
  readonly image: StoredImage | undefined;
  readonly path: string;
  readonly args: readonly string[];
  readonly config: ContainerConfig;
  /** Undefined for the default, which is the short id. */
  readonly hostname: string | undefined;
  readonly hostConfig: HostConfig;
  readonly networks: Readonly<Record<string, EndpointSettings>>;
  readonly mounts: readonly PlannedMount[];
  readonly platform: Platform;
  readonly warnings: readonly string[];
}

/** A mount, and the volume that create makes or finds for it. The volume name is '' until create chooses one. */
export interface PlannedMount {
  readonly mount: MountRecord;
  readonly volume?: CreateVolume;
}

export type ResourceChange = Resources & { readonly RestartPolicy?: RestartPolicy };

/** Plans containers, without side effects. */
export interface Planner {
  /** @throws EngineError notFound `No such image: x`; invalid, conflict, with dockerd's texts */
  plan(request: CreateContainer): ContainerPlan;
  /**
   * Checks new limits of a container. Returns them without the limits that this host does not support. @throws
   * EngineError invalid
   */
  checkUpdate<T extends ResourceChange>(change: T): { readonly resources: T; readonly warnings: readonly string[] };
  /** Returns `adjective_surname`, with a digit from the sixth retry on. */
  randomName(retry: number): string;
}
