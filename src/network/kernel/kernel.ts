import type { KernelOperation, KernelRequests } from './protocol.ts';

/**
 * The kernel's network side, asynchronously. {@link startKernelThread} is the real one; tests of the layers above write
 * their own. @throws EngineError internal with the system's error as message
 */
export interface Kernel {
  request<O extends KernelOperation>(
    operation: O,
    params: KernelRequests[O]['params'],
  ): Promise<KernelRequests[O]['result']>;
  /** Calls back when others may have changed a bridge, from the first `setUp` on. One listener. */
  onBridgeChange(listener: () => void): void;
  /** Ends the thread; what it made stays. */
  close(): Promise<void>;
}
