// Entry of the threads of `ReceiveThreads`. Writes what a client sends, synchronously, batch by batch.
import { parentPort } from 'node:worker_threads';
import { EngineError, errnoOf, messageOf } from '../../../base/errors.ts';
import { decode, ProtobufError } from '../../../grpc/index.ts';
import { packet } from '../../../grpc/messages/fsutil.ts';
import { separateThread } from '../../../linux/index.ts';
import { messagesOf } from './packet-batch.ts';
import type { FromReceiver, ToReceiver } from './receive-messages.ts';
import { TreeReceiver } from './tree-receiver.ts';

/** Undefined when there is no job, or it has failed. */
let receiver: TreeReceiver | undefined;

function end(): void {
  receiver?.[Symbol.dispose]();
  receiver = undefined;
}

function send(message: FromReceiver, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function handle(message: ToReceiver): void {
  if (message.kind === 'begin') {
    separateThread();
    receiver = new TreeReceiver(message.job.folder, message.job);
  } else if (message.kind === 'stop') {
    end();
    send({ kind: 'stopped' });
  } else {
    for (const bytes of messagesOf(message.buffer, message.length)) receiver?.take(decode(packet, bytes));
    send({ kind: 'taken', buffer: message.buffer, requests: receiver?.takeRequests() ?? [] }, [message.buffer]);
    const tree = receiver?.finish();
    if (tree !== undefined) send({ kind: 'complete', tree });
  }
}

function failureOf(error: unknown): (FromReceiver & { kind: 'failed' })['failure'] {
  if (error instanceof EngineError) return { kind: error.kind, message: error.message };
  if (error instanceof ProtobufError) return { kind: 'invalid', message: `packet cannot be decoded: ${error.message}` };
  const code = errnoOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return { kind: 'noSpace', message: 'no space left on device' };
  if (code === 'ENAMETOOLONG' || code === 'EINVAL') return { kind: 'invalid', message: messageOf(error) };
  return { kind: 'internal', message: messageOf(error) };
}

parentPort?.on('message', (message: ToReceiver) => {
  try {
    handle(message);
  } catch (error) {
    end();
    send({ kind: 'failed', failure: failureOf(error) });
  }
});
