import { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import { type ClientCall, code, type GrpcClient, GrpcError, type Init, type Message } from '../../grpc/index.ts';
import { content, type writeContentRequest, type writeContentResponse } from '../../grpc/messages/content.ts';
import type { SessionBlob, SessionContent } from './session.ts';
import { sessionError } from './session-errors.ts';

/** Of containerd's `WriteAction`. */
const ACTION = { stat: 0, write: 1, commit: 2 } as const;
/** Clients receive messages of 4 MiB. */
const CHUNK_BYTES = 1024 * 1024;

/** A store of blobs that the client has, such as an OCI layout. */
export function clientContent(client: GrpcClient, storeId: string): SessionContent {
  const metadata = { 'buildkit-attachable-store-id': storeId };
  return {
    async sizeBytes(digest, signal) {
      try {
        const { info } = await client.unary(content.Info, { digest }, { metadata }, signal);
        if (info === undefined || info.size < 0) throw new EngineError('notFound', `content ${digest}: not found`);
        return info.size;
      } catch (error) {
        throw sessionError(error);
      }
    },
    async open(digest, signal) {
      const call = client.call(content.Read, { metadata }, signal);
      await call.send({ digest });
      call.end();
      return readableOf(call.responses);
    },
    async write(blob, signal) {
      const stop = new AbortController();
      try {
        await writeBlob(client.call(content.Write, { metadata }, AbortSignal.any([signal, stop.signal])), blob);
      } catch (error) {
        if (error instanceof GrpcError && error.code === code.alreadyExists) return;
        throw sessionError(error);
      } finally {
        stop.abort();
      }
    },
  };
}

type WriteCall = ClientCall<Init<typeof writeContentRequest>, Message<typeof writeContentResponse>>;

/** As containerd's clients write: each request has its answer before the next one goes. @throws GrpcError; EngineError */
async function writeBlob(call: WriteCall, { digest, sizeBytes, bytes }: SessionBlob): Promise<void> {
  const answers = call.responses[Symbol.asyncIterator]();
  const ask = async (request: Init<typeof writeContentRequest>): Promise<void> => {
    await call.send(request);
    const { done } = await answers.next();
    if (done === true) throw new EngineError('failed', `writing content ${digest}: the client has ended the call`);
  };
  const blob = { total: sizeBytes, expected: digest };
  await ask({ action: ACTION.stat, ref: `gantry-${digest}`, ...blob });
  let offset = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
      const data = chunk.subarray(at, at + CHUNK_BYTES);
      await ask({ action: ACTION.write, offset, data });
      offset += data.length;
    }
  }
  await ask({ action: ACTION.commit, offset, ...blob });
  call.end();
}

/** The bytes of messages. Errors are EngineErrors. */
export function readableOf(messages: AsyncIterable<{ readonly data: Buffer }>): Readable {
  const bytes = async function* (): AsyncGenerator<Buffer> {
    try {
      for await (const { data } of messages) if (data.length > 0) yield data;
    } catch (error) {
      throw sessionError(error);
    }
  };
  return Readable.from(bytes(), { objectMode: false, highWaterMark: 1 });
}
