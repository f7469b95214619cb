/** Entry of the kernel thread: see kernel-thread.ts. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { KernelService } from './kernel-service.ts';
import type { KernelCall, KernelConfig, KernelResponse } from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('runs as a worker thread only');
const service = new KernelService(workerData as KernelConfig);

// Node does not close descriptors that it does not know.
process.on('exit', () => service[Symbol.dispose]());

port.on('message', (first: KernelCall | null) => {
  const calls: KernelCall[] = [];
  let last = first === null;
  if (first !== null) calls.push(first);
  // Calls that have arrived meanwhile share one firewall transaction.
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    const call = next.message as KernelCall | null;
    if (call === null) last = true;
    else calls.push(call);
  }
  for (const response of service.handle(calls)) port.postMessage(response satisfies KernelResponse);
  if (last) process.exit();
});
