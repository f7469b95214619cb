import type { Readable } from 'node:stream';
import type { ClientCall, GrpcClient } from '../../grpc/index.ts';
import { fileSend } from '../../grpc/messages/filesync.ts';
import { requestMetadata } from './request-metadata.ts';

/** Clients receive messages of 4 MiB. */
const CHUNK_BYTES = 1024 * 1024;

/** Sends the client one file. Resolves when the client has written it. @throws GrpcError, errors of the source */
export async function sendFile(
  client: GrpcClient,
  request: {
    readonly exporterId: string;
    readonly metadata: Readonly<Record<string, string>>;
    readonly bytes: Readable;
  },
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const metadata = exporterMetadata(request);
  const call = client.call(fileSend.DiffCopy, { metadata }, AbortSignal.any([signal, stop.signal]));
  const ended = drain(call);
  ended.catch(() => undefined);
  try {
    for await (const chunk of request.bytes as AsyncIterable<Buffer>) {
      if (!(await sendChunk(call, chunk))) break;
    }
    call.end();
    await ended;
  } finally {
    stop.abort();
  }
}

export function exporterMetadata({
  exporterId,
  metadata,
}: {
  readonly exporterId: string;
  readonly metadata: Readonly<Record<string, string>>;
}) {
  const all = { 'buildkit-attachable-exporter-id': exporterId, ...metadata };
  return requestMetadata(Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])));
}

async function sendChunk(
  call: ClientCall<{ data?: Uint8Array | undefined }, unknown>,
  chunk: Buffer,
): Promise<boolean> {
  for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
    if (!(await call.send({ data: chunk.subarray(at, at + CHUNK_BYTES) }))) return false;
  }
  return true;
}

async function drain(call: ClientCall<never, unknown>): Promise<void> {
  for await (const _response of call.responses);
}
