/** Entry of the kernel thread: see kernel-thread.ts. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { KernelService } from './kernel-service.ts';
import type { KernelAnswer, KernelCall, KernelConfig } from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('runs as a worker thread only');
const service = new KernelService(workerData as KernelConfig);

port.on('message', (first: KernelCall) => {
  // What has gathered meanwhile shares one firewall transaction.
  const calls = [first];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    calls.push(next.message as KernelCall);
  }
  for (const answer of service.handle(calls)) port.postMessage(answer satisfies KernelAnswer);
});
