import type { HostIP, Meta, Mount, SecretEnv } from '../grpc/messages/pb.ts';
import type { RunningBuild } from './builds.ts';
import type { Tree } from './tree.ts';

/** What a container of a build begins with. */
export interface ContainerRequest {
  /** What it shows: a root, and what is mounted into it. `input` is a place in `inputs`; nothing is kept of what is written. */
  readonly mounts: readonly Mount[];
  readonly inputs: readonly Tree[];
  /** Files of the builder that it shows, read-only. */
  readonly folders?: readonly ContainerFolder[];
  /** BuildKit's number of the network: `netMode`. */
  readonly network: number;
  /** '' for BuildKit's default. */
  readonly hostname: string;
  readonly extraHosts: readonly HostIP[];
  /** For people. */
  readonly name: string;
}

export interface ContainerFolder {
  readonly destination: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

export interface ContainerProcess {
  readonly meta: Meta;
  readonly hasTerminal: boolean;
  /** Whether it reads an input. Else that is empty. */
  readonly hasInput: boolean;
  /** BuildKit's number: `securityMode`. */
  readonly security: number;
  readonly secrets: readonly SecretEnv[];
  /** Gets the output as it comes: 1 is stdout, 2 is stderr. A terminal has only 1. The process waits meanwhile. */
  readonly output: (stream: 1 | 2, bytes: Uint8Array) => Promise<void> | void;
}

export interface StartedProcess {
  /** Resolves when the process has taken the bytes, or has ended. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the input. */
  endInput(): void;
  resize(rows: number, columns: number): Promise<void>;
  /** Ignored when the process has ended. */
  signal(signalNumber: number): Promise<void>;
  /** Resolves after the last output. Rejects with why the process could not be started. */
  readonly exitCode: Promise<number>;
}

/**
 * A container of a build beside its steps: that of a frontend, or one in which people look into a result. Its first process is its
 * main process, with which it ends. Disposing kills what runs, and removes everything.
 */
export interface BuildContainer extends AsyncDisposable {
  /** @throws EngineError forbidden for what the build is not allowed; notFound for a secret; conflict after its end */
  start(process: ContainerProcess): Promise<StartedProcess>;
  /** Path on the host of what the mount of that number shows. @throws EngineError notFound */
  mountPath(index: number): string;
}

/** Opens a container. It ends with the signal. @throws EngineError forbidden, invalid, notFound, noSpace, cancelled */
export type OpenContainer = (
  request: ContainerRequest,
  build: RunningBuild,
  signal: AbortSignal,
) => Promise<BuildContainer>;
