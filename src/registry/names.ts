import { type Digest, isDigest } from '../base/ids.ts';
import { RegistryError } from './errors.ts';

/**
 * A checked name, such as `library/busybox` ({@link parseRepository}). It has no `..`, upper case or other characters
 * with a meaning in paths.
 */
export type RepositoryName = string & { readonly __brand: 'RepositoryName' };

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const REPOSITORY_MAX = 255;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export function isRepository(text: string): text is RepositoryName {
  return text.length <= REPOSITORY_MAX && REPOSITORY.test(text);
}

/** @throws RegistryError NAME_INVALID */
export function parseRepository(text: string): RepositoryName {
  if (!isRepository(text)) throw new RegistryError('NAME_INVALID', `invalid repository name: ${shown(text)}`);
  return text;
}

/** @throws RegistryError DIGEST_INVALID */
export function parseBlobDigest(text: string): Digest {
  if (!isDigest(text)) throw new RegistryError('DIGEST_INVALID', `invalid digest: ${shown(text)}`);
  return text;
}

/**
 * Parses the reference of a manifest: a digest when it has a colon, else a tag. @throws RegistryError DIGEST_INVALID,
 * TAG_INVALID
 */
export function parseManifestReference(text: string): { readonly digest: Digest } | { readonly tag: string } {
  if (text.includes(':')) return { digest: parseBlobDigest(text) };
  if (!TAG.test(text)) throw new RegistryError('TAG_INVALID', `invalid tag: ${shown(text)}`);
  return { tag: text };
}

/** Makes an untrusted text short and printable, for a message. */
function shown(text: string): string {
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text);
}
