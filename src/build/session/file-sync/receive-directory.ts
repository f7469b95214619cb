import { setImmediate } from 'node:timers/promises';
import { invalid } from '../../../base/errors.ts';
import { type ClientCall, decode, type GrpcClient, type Init, type Message } from '../../../grpc/index.ts';
import { fileSync } from '../../../grpc/messages/filesync.ts';
import { packet, packetPacketType as TYPE } from '../../../grpc/messages/fsutil.ts';
import { requestMetadata } from '../request-metadata.ts';
import type { ReceiveDirectory, ReceivedTree } from '../session.ts';
import { PacketBatch } from './packet-batch.ts';
import type { ReceiveThreads, Receiving } from './receive-threads.ts';

type PacketCall = ClientCall<Init<typeof packet>, Message<typeof packet>>;

/** How often progress is told. */
const PROGRESS_MILLISECONDS = 100;

/**
 * Asks a client for a directory. Its packets go to a thread as they come, and are decoded there. @throws EngineError and
 * GrpcError
 */
export async function receiveDirectory(
  { client, threads }: { readonly client: GrpcClient; readonly threads: ReceiveThreads },
  request: ReceiveDirectory,
  signal: AbortSignal,
): Promise<ReceivedTree> {
  const stop = new AbortController();
  const metadata = requestMetadata({
    'dir-name': [request.name],
    'include-patterns': request.includePatterns,
    'exclude-patterns': request.excludePatterns,
    followpaths: request.followPaths,
  });
  const job = { folder: request.folder, reusesFiles: request.reusesFiles ?? true };
  let call: PacketCall | undefined;
  const ask = (ids: readonly number[]): void => {
    // The requests of a batch are small: they may wait in memory.
    void call?.sendAll(ids.map((ID) => ({ type: TYPE.PACKET_REQ, ID }))).catch(() => undefined);
  };
  await using receiving = await threads.begin(job, ask, signal);
  call = client.call(fileSync.DiffCopy, { metadata }, AbortSignal.any([signal, stop.signal]));
  receiving.tree.catch((error: unknown) => stop.abort(error));
  using transfer = new Transfer(call, receiving, request.progress);
  try {
    return await transfer.run();
  } finally {
    stop.abort();
  }
}

class Transfer {
  readonly #call: PacketCall;
  readonly #receiving: Receiving;
  readonly #progress: ReceiveDirectory['progress'];
  readonly #timer: NodeJS.Timeout | undefined;
  #bytes = 0;
  #batch: PacketBatch | undefined;
  #isFlushing = false;

  constructor(call: PacketCall, receiving: Receiving, progress: ReceiveDirectory['progress']) {
    this.#call = call;
    this.#receiving = receiving;
    this.#progress = progress;
    if (progress !== undefined) this.#timer = setInterval(() => progress(this.#bytes, false), PROGRESS_MILLISECONDS);
  }

  /** @throws EngineError, GrpcError */
  async run(): Promise<ReceivedTree> {
    let isComplete = false;
    this.#receiving.tree.then(
      () => {
        isComplete = true;
        void this.#call.send({ type: TYPE.PACKET_FIN });
      },
      () => undefined,
    );
    for await (const messages of this.#call.encoded) {
      if (isComplete) this.#sayGoodbye(messages);
      else await this.#take(messages);
    }
    if (!isComplete) throw invalid('the client ended a transfer before it was complete');
    this.#progress?.(this.#bytes, true);
    return await this.#receiving.tree;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#batch = undefined;
  }

  async #take(messages: readonly Buffer[]): Promise<void> {
    for (const bytes of messages) {
      this.#bytes += bytes.length;
      this.#batch ??= new PacketBatch(await this.#receiving.buffer());
      if (this.#batch.add(bytes)) continue;
      this.#flush();
      this.#batch = new PacketBatch(await this.#receiving.buffer());
      this.#batch.add(bytes);
    }
    if (!this.#isFlushing) void this.#flushSoon();
  }

  /** What has come in this turn of the event loop goes together. */
  async #flushSoon(): Promise<void> {
    this.#isFlushing = true;
    await setImmediate();
    this.#isFlushing = false;
    this.#flush();
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = undefined;
    if (batch === undefined || batch.isEmpty) return;
    const { buffer, length } = batch.take();
    this.#receiving.give(buffer, length);
  }

  /** The client confirms the end. @throws EngineError invalid */
  #sayGoodbye(messages: readonly Buffer[]): void {
    for (const bytes of messages) {
      const { type } = decode(packet, bytes);
      if (type !== TYPE.PACKET_FIN) throw invalid(`a packet of type ${type} came after the end of a transfer`);
      this.#call.end();
    }
  }
}
