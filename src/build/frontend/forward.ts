import { messageOf } from '../../base/errors.ts';
import { findErrorDetail, GrpcError, toGrpcError } from '../../grpc/index.ts';
import type { LlbSource } from '../llb/index.ts';
import type { FrontendBridge, FrontendRequest, FrontendResult } from './bridge.ts';
import type { ForeignFrontend } from './check-request.ts';
import { sourceDetail } from './place-error.ts';

/**
 * Lets the frontend that a Dockerfile names answer the request. It learns of the image and what follows it by the options
 * `source` and `cmdline`. @throws GrpcError with the line that names it, unless it told a place itself
 */
export async function forward(
  { image, commandLine, range }: ForeignFrontend,
  {
    request,
    bridge,
    source,
  }: { readonly request: FrontendRequest; readonly bridge: FrontendBridge; readonly source: LlbSource },
  signal: AbortSignal,
): Promise<FrontendResult> {
  const options = new Map([...request.options, ['cmdline', commandLine], ['source', image]]);
  try {
    return await bridge.solve('gateway.v0', { ...request, options }, signal);
  } catch (error) {
    const status = toGrpcError(error);
    if (signal.aborted || findErrorDetail(status.details, 'errdefs.Source') !== undefined) throw status;
    if (range !== undefined) {
      const details = [...status.details, sourceDetail(source, range)];
      throw new GrpcError(status.code, status.message, { details, cause: error });
    }
    const message = `failed with build-arg:BUILDKIT_SYNTAX = ${commandLine}: ${messageOf(status)}`;
    throw new GrpcError(status.code, message, { details: status.details, cause: error });
  }
}
