import { createHash } from 'node:crypto';
import type { Digest } from '../../src/base/ids.ts';
import {
  ANONYMOUS,
  type BlobSink,
  type Credentials,
  type RegistryHostsConfig,
  type Repository,
} from '../../src/distribution/index.ts';
import type { Descriptor } from '../../src/spec/index.ts';
import { testRegistries } from './registries.ts';

export interface OpenedRepository extends AsyncDisposable {
  readonly repository: Repository;
}

export function openTestRepository(
  host: string,
  path: string,
  options: { readonly credentials?: Credentials; readonly hosts?: Partial<RegistryHostsConfig> } = {},
): OpenedRepository {
  const registries = testRegistries(options.hosts);
  return {
    repository: registries.repository(host, path, options.credentials ?? ANONYMOUS),
    [Symbol.asyncDispose]: () => registries[Symbol.asyncDispose](),
  };
}

export function blobOf(bytes: Uint8Array): Descriptor {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
  return { mediaType: 'application/octet-stream', digest, size: bytes.length };
}

/** A sink in memory. */
export function memorySink(before: Uint8Array = new Uint8Array()): BlobSink & { bytes(): Buffer } {
  const parts: Uint8Array[] = [before];
  let offset = before.length;
  return {
    get offset() {
      return offset;
    },
    async write(chunk) {
      parts.push(Buffer.from(chunk));
      offset += chunk.length;
    },
    bytes: () => Buffer.concat(parts),
  };
}

export const never = new AbortController().signal;
