import type { Duplex } from 'node:stream';
import type { CreateContainerBody } from '../../spec/index.ts';

export interface CreateContainer {
  /** '' asks for a random name. */
  readonly name: string;
  /** `os/arch[/variant]`, or '' for any. */
  readonly platform: string;
  readonly body: CreateContainerBody;
  /** Whether mounts below a read-only bind mount stay writable when the mount does not say. Default false. */
  readonly writableSubmounts?: boolean;
  /** Whether it serves a build only: unless it is kept, the next start of the daemon removes it. */
  readonly isTemporary?: boolean;
}

export interface StopOptions {
  readonly graceSeconds?: number;
  readonly stopSignal?: string;
}

/**
 * What `wait` waits for: that the container does not run (at once when it does not), its next exit, or its removal (Engine
 * API, ContainerWait).
 */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface WaitResult {
  readonly exitCode: number;
  /** The reason why the wait failed. Absent when it did not. */
  readonly error?: string;
}

export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly details: boolean;
  /** Number of lines from the end. -1 is all. */
  readonly tail: number;
  /** Nanoseconds since the epoch. Undefined sets no limit. */
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
}

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Whether the log is sent first. */
  readonly logs: boolean;
  readonly stream: boolean;
  /** In the form `ctrl-p,ctrl-q`. '' is the default. @throws invalid */
  readonly detachKeys: string;
}

export interface Attachment {
  readonly tty: boolean;
  /**
   * Takes over the client's connection. Resolves when the output has ended, the client has closed the connection, or
   * the client has typed the detach keys. Never ends the container.
   */
  connect(connection: Duplex, signal: AbortSignal): Promise<void>;
}

export interface CopyToOptions {
  /** Whether a directory never replaces a file, nor a file a directory. */
  readonly keepDirectories: boolean;
  /** Whether the container's user, if it has one, owns everything that is unpacked. */
  readonly ownedByUser: boolean;
}
