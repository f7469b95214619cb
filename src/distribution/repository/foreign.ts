import type { Descriptor } from '../../spec/index.ts';
import { RegistryError } from '../errors.ts';
import type { HostClient } from '../http/host-client.ts';
import { downloadBlob } from './download.ts';
import type { BlobSink } from './repository.ts';

/** A registry without the blob: where it is a foreign layer, that is as it should be. */
export function isMissing(error: unknown): boolean {
  return error instanceof RegistryError && error.status === 404;
}

/**
 * Fetches a foreign layer from the addresses of its descriptor, in order. Its digest tells whether it is the right one.
 * Answers false when it has no address. @throws EngineError what the last address said
 */
export async function downloadForeign(
  hosts: { elsewhere(url: URL): HostClient },
  blob: Descriptor,
  sink: BlobSink,
  signal: AbortSignal,
): Promise<boolean> {
  const urls = (blob.urls ?? []).filter((url) => URL.canParse(url)).map((url) => new URL(url));
  for (const url of urls) {
    try {
      await downloadBlob(hosts.elsewhere(url), { location: url, blob, scopes: [] }, sink, signal);
      return true;
    } catch (error) {
      if (signal.aborted || url === urls.at(-1)) throw error;
    }
  }
  return false;
}
