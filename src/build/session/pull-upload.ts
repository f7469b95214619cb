import type { Readable } from 'node:stream';
import { invalid } from '../../base/errors.ts';
import type { GrpcClient } from '../../grpc/index.ts';
import { upload } from '../../grpc/messages/upload.ts';
import { readableOf } from './client-content.ts';

/** Returns what the client has ready under an URL such as `http://buildkit-session/<id>`. Once. @throws GrpcError */
export async function pullUpload(client: GrpcClient, url: string, signal: AbortSignal): Promise<Readable> {
  if (!URL.canParse(url)) throw invalid(`invalid address of an upload: ${JSON.stringify(url.slice(0, 200))}`);
  const { host, pathname } = new URL(url);
  const call = client.call(upload.Pull, { metadata: { urlhost: host, urlpath: pathname } }, signal);
  const messages = call.responses[Symbol.asyncIterator]();
  // An unknown upload fails here, and not while it is read.
  const first = await messages.next();
  return readableOf(
    (async function* () {
      if (first.done === true) return;
      yield first.value;
      yield* { [Symbol.asyncIterator]: () => messages };
    })(),
  );
}
