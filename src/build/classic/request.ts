import type { Readable } from 'node:stream';
import type { Credentials } from '../../distribution/index.ts';
import type { HostConfig, Platform } from '../../spec/index.ts';

/** The parameters of `POST /build`, checked by themselves. */
export interface ClassicRequest {
  /** By which it can be cancelled. '' for none. */
  readonly id: string;
  /** An archive with the files to build from, perhaps compressed. Not read with `remote`. */
  readonly body: Readable;
  /** URL of a git repository, of an archive, or of a Dockerfile. */
  readonly remote: string;
  /** Path of the Dockerfile in the context. '' for the usual one. */
  readonly dockerfile: string;
  /** Names for the result, as the client wrote them. */
  readonly tags: readonly string[];
  readonly target: string;
  readonly platform: Platform | undefined;
  /** Undefined is a name without a value. */
  readonly buildArgs: ReadonlyMap<string, string | undefined>;
  readonly labels: ReadonlyMap<string, string>;
  readonly cacheFrom: readonly string[];
  readonly isCacheOff: boolean;
  /** Whether base images are pulled although they are here. */
  readonly pullsAlways: boolean;
  /** Whether the result has one layer over those of its base. */
  readonly isSquashed: boolean;
  /** Whether only the result's id is printed. */
  readonly isQuiet: boolean;
  readonly removes: RemovalRule;
  /** Limits and networks of the containers of steps. */
  readonly hostConfig: HostConfig;
  readonly credentials: (domain: string) => Credentials;
}

/** Which containers of steps are removed: those of steps that succeeded, also those of a step that failed, or none. */
export type RemovalRule = 'succeeded' | 'all' | 'none';
