import type { Descriptor } from '../../spec/index.ts';
import { RegistryError } from '../errors.ts';
import type { HostClient } from '../http/host-client.ts';
import { downloadBlob } from './download.ts';
import type { BlobSink } from './repository.ts';

/** Whether the registry lacks the blob, as is normal for a foreign layer. */
export function isMissing(error: unknown): boolean {
  return error instanceof RegistryError && error.status === 404;
}

/**
 * Downloads a foreign layer from the addresses in its descriptor, in order. Its digest shows whether it is the right
 * one. Returns false when it has no address. @throws EngineError the error of the last address
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
