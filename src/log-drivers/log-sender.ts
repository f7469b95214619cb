import type { LogOptions } from './log-options.ts';

/** One line of a container's output, or a part of a line longer than 16 KiB. */
export interface LogMessage {
  /** Without its line feed. */
  readonly line: Buffer;
  readonly stream: 'stdout' | 'stderr';
  /** When it was written, nanoseconds since the epoch. */
  readonly nanos: bigint;
  /** Set for a part of a longer line. Parts of one line follow one another within their stream. */
  readonly part?: { readonly id: string; readonly ordinal: number; readonly last: boolean };
}

/** What a sender tells of the container. */
export interface LogSubject {
  /** 64 hexadecimal digits. */
  readonly containerId: string;
  /** Without a slash. */
  readonly containerName: string;
  readonly imageId: string;
  /** As given at the creation. */
  readonly imageName: string;
  readonly createdNanos: bigint;
  readonly entrypoint: string;
  readonly args: readonly string[];
  /** The name of the engine in tags: `docker`, as dockerd has it. */
  readonly daemonName: string;
  readonly hostName: string;
  /** What the options `labels`, `labels-regex`, `env` and `env-regex` select. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** The connection of one container to a receiver. It connects by itself when it is first needed, and again after an error. */
export interface LogSender {
  /** Set when the options ask that the receiver is there at the start of the container. @throws when it is not, or `signal` aborts */
  readonly verify?: (signal: AbortSignal) => Promise<void>;
  /**
   * Sends messages in their order. Resolves with their receipt where the protocol has one, else when the kernel has them.
   * After an error the caller sends all of them again: a receiver may see a message twice.
   * @throws when the receiver is away, refuses them, or `signal` aborts
   */
  send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void>;
  /** Ends the connection. Nothing is sent any more. */
  close(): Promise<void>;
}

/** Makes the sender of one container. @throws EngineError invalid for options that its driver refuses, in dockerd's words */
export type OpenLogSender = (subject: LogSubject, options: LogOptions) => LogSender;
