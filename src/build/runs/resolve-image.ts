import { createHash } from 'node:crypto';
import { invalid } from '../../base/errors.ts';
import { type Digest, parseDigest } from '../../base/ids.ts';
import { ANONYMOUS } from '../../distribution/index.ts';
import { canonicalString, parseReference, withDefaultTag } from '../../spec/index.ts';
import type { ResolvedImage, ResolveImage } from '../frontend/bridge.ts';
import type { BuildImages, RegistryAccess } from '../ports.ts';
import { readLayoutImage, type Session, type Sessions } from '../session/index.ts';

/** Digest of a step that is not one of the graph: a client only compares it. */
export function nameDigest(...words: readonly string[]): Digest {
  return `sha256:${createHash('sha256').update(words.join('\n')).digest('hex')}` as Digest;
}

/** Asks the client of a session for credentials. A client that is gone or has none makes the request anonymous. */
export function registryAccess(sessions: Sessions, sessionId: string, signal: AbortSignal): RegistryAccess {
  return {
    async credentials(domain) {
      if (sessionId === '') return ANONYMOUS;
      const session = await sessions.get(sessionId, signal).catch((): Session | undefined => undefined);
      const found = await session?.credentials(domain, signal);
      if (found === undefined) return ANONYMOUS;
      const { username, secret } = found;
      if (username === '') return secret === '' ? ANONYMOUS : { kind: 'identityToken', username, token: secret };
      return { kind: 'password', username, password: secret };
    },
  };
}

/** Finds an image here or at its registry, as the mode says. @throws EngineError */
export async function resolveImage(
  images: BuildImages,
  { ref, platform, mode }: ResolveImage,
  call: { readonly access: RegistryAccess; readonly signal: AbortSignal },
): Promise<ResolvedImage> {
  const name = withDefaultTag(parseReference(ref));
  const resolved = (digest: Digest, config: Uint8Array): ResolvedImage => ({
    ref: name.digest === undefined ? `${canonicalString(name)}@${digest}` : canonicalString(name),
    digest,
    config,
  });
  const here = (): ResolvedImage | undefined => {
    const image = images.find(ref, platform);
    return image && resolved(image.target.digest, image.config);
  };
  const known = mode === 'local' || name.digest !== undefined ? here() : undefined;
  if (known !== undefined) return known;
  try {
    const { digest, config } = await images.resolve(ref, platform, call.access, call.signal);
    return resolved(digest, config);
  } catch (error) {
    const kept = mode === 'default' && !call.signal.aborted ? here() : undefined;
    if (kept !== undefined) return kept;
    throw error;
  }
}

/** Reads the configuration of an image in an OCI layout of a client. `ref` has a digest. @throws EngineError */
export async function resolveLayoutImage(
  sessions: Sessions,
  { ref, platform, layout }: ResolveImage & { readonly layout: NonNullable<ResolveImage['layout']> },
  signal: AbortSignal,
): Promise<ResolvedImage> {
  const { digest } = parseReference(ref);
  if (digest === undefined) throw invalid(`${ref} has no digest`);
  const session = await sessions.get(layout.sessionId, signal);
  const store = session.content(`oci:${layout.storeId}`);
  const { config } = await readLayoutImage(store, { digest: parseDigest(digest), platform }, signal);
  return { ref, digest: parseDigest(digest), config };
}
