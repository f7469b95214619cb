import type { Duplex } from 'node:stream';
import type { CreateContainerBody } from '../../spec/index.ts';

export interface CreateContainer {
  /** '' for a random one. */
  readonly name: string;
  /** `os/arch[/variant]` or ''. */
  readonly platform: string;
  readonly body: CreateContainerBody;
  /** Below a read-only bind mount other mounts stay writable, unless the mount says otherwise; default false. */
  readonly writableSubmounts?: boolean;
}

export interface StopOptions {
  readonly graceSeconds?: number;
  readonly stopSignal?: string;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface WaitResult {
  readonly exitCode: number;
  /** Why it could not be waited for, else absent. */
  readonly error?: string;
}

export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly details: boolean;
  /** Lines from the end; -1 is all. */
  readonly tail: number;
  /** Nanoseconds since the epoch; undefined is open. */
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
}

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Replay the log first. */
  readonly logs: boolean;
  readonly stream: boolean;
  /** `ctrl-p,ctrl-q` form; '' for the default. @throws invalid */
  readonly detachKeys: string;
}

export interface Attachment {
  readonly tty: boolean;
  /** Takes the connection over. Resolves when output has ended, the client has gone or has typed the detach keys. Never ends the container. */
  connect(connection: Duplex, signal: AbortSignal): Promise<void>;
}

export interface CopyToOptions {
  /** A directory and what is none never replace each other. */
  readonly keepDirectories: boolean;
  /** Everything becomes the container's user's, where it has one. */
  readonly ownedByUser: boolean;
}
