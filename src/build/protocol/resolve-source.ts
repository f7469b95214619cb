import { EngineError } from '../../base/errors.ts';
import type { Init } from '../../grpc/index.ts';
import type { ResolveSourceMetaRequest, resolveSourceMetaResponse } from '../../grpc/messages/gateway.ts';
import type { ResolveImage } from '../frontend/bridge.ts';
import type { BuildRun } from '../runs/index.ts';
import { readPlatform } from './platform-messages.ts';

const IMAGE = 'docker-image://';

/** Says what a source stands for, without fetching it. @throws EngineError notImplemented for other kinds than images */
export async function resolveSource(
  run: BuildRun,
  { Source, Platform, LogName, ResolveMode, Image }: ResolveSourceMetaRequest,
  signal: AbortSignal,
): Promise<Init<typeof resolveSourceMetaResponse>> {
  const identifier = Source?.identifier ?? '';
  if (!identifier.startsWith(IMAGE)) {
    throw new EngineError('notImplemented', `only images can be resolved, and not ${identifier}`);
  }
  const ref = identifier.slice(IMAGE.length);
  const logName = LogName || `resolve image config for ${identifier}`;
  const mode = resolveModeOf(ResolveMode || (Source?.attrs.get('image.resolvemode') ?? ''));
  const found = await run.resolveImage({ ref, platform: readPlatform(Platform), mode, logName }, signal);
  return {
    Source: { identifier: `${IMAGE}${found.ref}`, attrs: Source?.attrs ?? new Map() },
    Image: { Digest: found.digest, Config: Image?.NoConfig === true ? new Uint8Array() : found.config },
  };
}

export function resolveModeOf(text: string): ResolveImage['mode'] {
  if (text === 'local' || text === 'pull') return text;
  return 'default';
}
