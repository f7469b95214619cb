import type { Readable } from 'node:stream';
import type { Digest } from '../../base/ids.ts';
import type { Credentials, RemoteFile } from '../../distribution/index.ts';
import type { CreateContainerBody, Descriptor, ImageConfig, Platform } from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import type { BuildPorts } from '../ports.ts';

/** What the classic builder needs of the engine. `daemon/wiring` fills it. */
export interface ClassicPorts extends Pick<BuildPorts, 'snapshots' | 'content' | 'collector' | 'logger'> {
  readonly images: ClassicImages;
  readonly containers: ClassicContainers;
  /** Downloads a file by http or https. @throws EngineError invalid, notFound, unavailable */
  readonly fetch: (url: string, signal: AbortSignal) => Promise<RemoteFile>;
  /** For contexts of builds under way: `<data root>/build/classic`. A start of the engine empties it. */
  readonly folder: string;
}

/** Images, each of which may be the intermediate image of a step. */
export interface ClassicImages {
  /** Finds an image by name or id. */
  find(ref: string, platform: Platform | undefined): StoredImage | undefined;
  /** Pulls as `docker pull` does, and keeps the name. @throws EngineError */
  pull(request: ClassicPull, signal: AbortSignal): Promise<StoredImage>;
  /** Images that were made by a step on this one; without an image, those that stand on none. */
  children(parent: Digest | undefined): readonly StoredImage[];
  /** Adds the image of a step. Its layers are here, and on a lease of the caller. @throws EngineError noSpace */
  add(image: StepImage): Promise<StoredImage>;
  /** Says that an image stands on another. */
  setParent(id: Digest, parent: Digest): void;
  /** Gives an image a name in any form, `web` or `web:1`. @throws EngineError invalid */
  tag(id: Digest, name: string): Promise<void>;
}

export interface ClassicPull {
  readonly ref: string;
  readonly platform: Platform | undefined;
  readonly credentials: (domain: string) => Credentials;
  /** Gets the lines that a pull shows. */
  readonly progress: (message: Readonly<Record<string, unknown>>) => void;
}

export interface StepImage {
  readonly config: ImageConfig;
  /** Of the archives of all layers, bottom first. */
  readonly layers: readonly Descriptor[];
  readonly parent: Digest | undefined;
}

/** The container of a step. */
export interface ClassicContainers {
  /**
   * Makes a container. Until it is kept, the engine's next start removes it.
   * @throws EngineError invalid, notFound
   */
  create(
    body: CreateContainerBody,
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;
  /**
   * Runs the container to its end, and returns its exit code. Once the signal is aborted it is killed.
   * @throws EngineError of a start; cancelled
   */
  run(id: string, output: StepOutput, signal: AbortSignal): Promise<number>;
  /** Returns the changes of a container, as a plain tar. */
  layer(id: string, signal: AbortSignal): Promise<Readable>;
  /** Removes a container and its anonymous volumes, also when it runs. */
  remove(id: string): Promise<void>;
  /** Leaves a container to the user. */
  keep(id: string): Promise<void>;
}

/** Gets the output of a step as it comes. The bytes are valid only during the call. */
export type StepOutput = (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
