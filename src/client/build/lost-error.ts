import { code, decode, fromRpcStatus, GrpcError } from '../../grpc/index.ts';
import { control } from '../../grpc/messages/control.ts';
import { status as rpcStatus } from '../../grpc/messages/google-rpc.ts';
import type { Engine } from '../engine-client.ts';
import { connectBuilder } from './open-connections.ts';
import { recordDocument } from './record-documents.ts';

/**
 * Returns the error of a build whose connection was lost, from the builder's history; the given error where there is none. node:http2
 * ends a connection with trailers of more than 64 KiB, and BuildKit's errors hold the whole Dockerfile. Never throws.
 */
export async function lostError(
  engine: Pick<Engine, 'hijack'>,
  { ref, error }: { readonly ref: string; readonly error: unknown },
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof GrpcError) || error.code !== code.unavailable || signal.aborted) return error;
  try {
    await using client = await connectBuilder(engine, signal);
    const call = client.call(control.ListenBuildHistory, {}, signal);
    await call.send({ Ref: ref, EarlyExit: true });
    call.end();
    let found: GrpcError | undefined;
    for await (const { record } of call.responses) {
      if (record?.Ref !== ref) continue;
      if (record.externalError !== undefined)
        found = fromRpcStatus(decode(rpcStatus, await recordDocument(client, record.externalError.digest, signal)));
      else if (record.error !== undefined) found = fromRpcStatus(record.error);
    }
    return found ?? error;
  } catch {
    return error;
  }
}
