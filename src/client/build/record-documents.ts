import { code, decode, fromRpcStatus, type GrpcClient, GrpcError } from '../../grpc/index.ts';
import { content } from '../../grpc/messages/content.ts';
import { status as rpcStatus } from '../../grpc/messages/google-rpc.ts';
import { type BuildFailure, buildFailure } from './build-failure.ts';
import type { HistoryRecord } from './builder.ts';

const DOCUMENT_BYTES_MAX = 32 << 20;

/** Reads a document that a record of the history names. @throws GrpcError */
export async function recordDocument(client: GrpcClient, digest: string, signal: AbortSignal): Promise<Buffer> {
  const call = client.call(content.Read, {}, signal);
  await call.send({ digest });
  call.end();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const { data } of call.responses) {
    length += data.length;
    if (length > DOCUMENT_BYTES_MAX) throw new GrpcError(code.resourceExhausted, `document ${digest} is too large`);
    chunks.push(data);
  }
  return Buffer.concat(chunks);
}

/** Why a build of the history has failed, with the lines of its Dockerfile. Undefined for one that has not. @throws GrpcError */
export async function recordFailure(
  client: GrpcClient,
  { error, externalError }: HistoryRecord,
  signal: AbortSignal,
): Promise<BuildFailure | undefined> {
  if (externalError === undefined) return error && buildFailure(fromRpcStatus(error));
  const document = await recordDocument(client, externalError.digest, signal);
  return buildFailure(fromRpcStatus(decode(rpcStatus, document)));
}
