import { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import type { GrpcClient } from '../../grpc/index.ts';
import { content } from '../../grpc/messages/content.ts';
import type { SessionContent } from './session.ts';
import { sessionError } from './session-errors.ts';

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
  };
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
