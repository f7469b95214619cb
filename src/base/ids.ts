import { randomBytes } from 'node:crypto';
import { invalid } from './errors.ts';

/** An id of 64 lower-case hex digits: of containers, networks, execs. */
export type ObjectId = string & { readonly __brand: 'ObjectId' };

/** A digest in the form `algorithm:hex` (OCI image spec, descriptor.md, Digests). */
export type Digest = string & { readonly __brand: 'Digest' };

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/**
 * Makes a random id. Its short form never consists of decimal digits only, which host names and `docker` tables would
 * take for a number.
 */
export function newObjectId(): ObjectId {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (!/^\d+$/.test(id.slice(0, 12))) return id as ObjectId;
  }
}

/** The first twelve digits, as `docker ps` shows them. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** @throws EngineError invalid */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw invalid(`invalid digest: ${text.slice(0, 160)}`);
  return text;
}

/** The hex part, as in `content/blobs/<algorithm>/<hex>`. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}
