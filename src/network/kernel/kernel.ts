import type { KernelOperation, KernelRequests } from './protocol.ts';

/**
 * Asynchronous access to the kernel's networks. {@link startKernelThread} is the real one; tests of the layers above
 * write their own. @throws EngineError internal with the system's error as message
 */
export interface Kernel {
  request<O extends KernelOperation>(
    operation: O,
    params: KernelRequests[O]['params'],
  ): Promise<KernelRequests[O]['result']>;
  /** Calls the listener when others may have changed a bridge or the firewall, from the first `setUp` on. */
  onHostChange(listener: () => void): void;
  /** Ends the thread. Everything that it made stays. */
  close(): Promise<void>;
}
