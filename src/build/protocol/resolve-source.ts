import { EngineError } from '../../base/errors.ts';
import type { Init } from '../../grpc/index.ts';
import type { ResolveSourceMetaRequest, resolveSourceMetaResponse } from '../../grpc/messages/gateway.ts';
import type { ResolveImage } from '../frontend/bridge.ts';
import type { BuildRun } from '../runs/index.ts';
import { readPlatform } from './platform-messages.ts';
import { maybeTimestamp } from './timestamps.ts';

const IMAGE = 'docker-image://';

type Answer = Init<typeof resolveSourceMetaResponse>;

/**
 * Says what a source stands for: an image without its layers, a repository by its names, a file at an address. @throws EngineError
 * notImplemented for other kinds
 */
export async function resolveSource(
  run: BuildRun,
  request: ResolveSourceMetaRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const { Source, Platform, LogName, ResolveMode, Image } = request;
  const identifier = Source?.identifier ?? '';
  if (!identifier.startsWith(IMAGE)) return await describedSource(run, request, signal);
  const ref = identifier.slice(IMAGE.length);
  const logName = LogName || `resolve image config for ${identifier}`;
  const mode = resolveModeOf(ResolveMode || (Source?.attrs.get('image.resolvemode') ?? ''));
  const found = await run.resolveImage({ ref, platform: readPlatform(Platform), mode, logName }, signal);
  return {
    Source: { identifier: `${IMAGE}${found.ref}`, attrs: Source?.attrs ?? new Map() },
    Image: { Digest: found.digest, Config: Image?.NoConfig === true ? new Uint8Array() : found.config },
  };
}

async function describedSource(
  run: BuildRun,
  { Source: asked, LogName, Git, HTTP }: ResolveSourceMetaRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const Source = { identifier: asked?.identifier ?? '', attrs: asked?.attrs ?? new Map<string, string>() };
  if (HTTP?.ChecksumRequest !== undefined)
    throw new EngineError('notImplemented', 'checksums of other kinds than sha256 are not computed');
  const logName = LogName || `resolve ${Source.identifier}`;
  const facts = await run.describeSource({ source: Source, withObjects: Git?.ReturnObject === true, logName }, signal);
  if (facts.kind === 'http') {
    const { digest: Checksum, filename: Filename, modified } = facts;
    return { Source, HTTP: { Checksum, Filename, LastModified: maybeTimestamp(modified) } };
  }
  const { ref: Ref, commit, tag, commitObject: CommitObject, tagObject: TagObject } = facts;
  // The commit is named beside the checksum only where that is of a tag's object.
  const names = { Ref, Checksum: tag ?? commit, CommitChecksum: tag === undefined ? '' : commit };
  return { Source, Git: { ...names, CommitObject: CommitObject ?? NOTHING, TagObject: TagObject ?? NOTHING } };
}

const NOTHING = new Uint8Array();

export function resolveModeOf(text: string): ResolveImage['mode'] {
  if (text === 'local' || text === 'pull') return text;
  return 'default';
}
