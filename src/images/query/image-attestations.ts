import { invalid } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import { type Descriptor, hostPlatform, type Platform, parseManifest } from '../../spec/index.ts';
import type { ImagesDeps } from '../model/deps.ts';

/** An element of the response to `GET /images/{name}/attestations`: an in-toto statement about an image. */
export interface AttestationStatement {
  readonly Descriptor: Descriptor;
  readonly PredicateType: string;
  readonly Statement?: unknown;
}

export interface AttestationOptions {
  readonly platforms: readonly Platform[];
  /** Only these predicate types. Empty for all. */
  readonly types: readonly string[];
  /** Whether to include the statements themselves. */
  readonly statement: boolean;
}

const SUBJECT = 'vnd.docker.reference.digest';
const PREDICATE = 'in-toto.io/predicate-type';

/**
 * Lists the attestations of one platform of an image, by default the host's. Having none is not an error. @throws
 * EngineError invalid, notFound
 */
export function imageAttestations(
  { images, content }: Pick<ImagesDeps, 'images' | 'content'>,
  ref: string,
  { platforms, types, statement }: AttestationOptions,
): AttestationStatement[] {
  if (platforms.length > 1) throw invalid('multiple platforms are not supported');
  const image = images.resolve(ref, platforms[0] ?? hostPlatform());
  const target = images.targets().find(({ descriptor }) => descriptor.digest === image.target.digest);
  const about = (target?.attachments ?? []).filter(
    ({ annotations }) => annotations?.[SUBJECT] === image.manifestDescriptor.digest,
  );
  return about
    .flatMap(({ digest }) => parseManifest(content.readJson(digest)).layers)
    .map((layer) => ({ layer, type: layer.annotations?.[PREDICATE] ?? predicateType(content.readJson(layer.digest)) }))
    .filter(({ type }) => types.length === 0 || types.includes(type))
    .map(({ layer, type }) => ({
      Descriptor: layer,
      PredicateType: type,
      ...(statement ? { Statement: content.readJson(layer.digest) } : {}),
    }));
}

/** Older builders put the type only into the statement. */
function predicateType(statement: unknown): string {
  const type = isObject(statement) ? statement['predicateType'] : undefined;
  return typeof type === 'string' ? type : '';
}
