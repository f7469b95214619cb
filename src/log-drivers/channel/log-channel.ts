/** A way to a receiver. It connects when it is first needed, and again after an error. */
export interface LogChannel {
  /**
   * Sends messages in their order. Resolves when the kernel has them.
   * @throws when the receiver is away, or `signal` aborts. Some of the messages may have been sent then
   */
  write(messages: readonly Buffer[], signal: AbortSignal): Promise<void>;
  /** Ends the connection after what was written. */
  close(): Promise<void>;
}
